#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/link/keeper_codec.h"

namespace ringmaster::keeper {

/// A supervisor as the test drives it (tests/integration/keeper/fake_supervisor.cc).
struct Puppet {
  UniqueFd socket;
  pid_t pid = 0;
  unsigned ordinal = 0;
  bool cold = false;
  InheritedTable table;
  std::vector<UniqueFd> inherited;  ///< the first 16 of table.deposits, in their order
};

/// A real keeper with a supervisor that the test drives. TearDown asserts that nothing is left.
class KeeperTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{60};

  void SetUp() override;
  void TearDown() override;

  /// Starts ringmasterd with these variables set; `pass_fd` becomes its descriptor 3, with LISTEN_FDS=1.
  void start(const std::vector<std::string>& environment = {}, int pass_fd = -1);
  /// The next supervisor that reports.
  Puppet next_supervisor();
  void order(Puppet& puppet, char letter, const std::string& text);
  void send(Puppet& puppet, const Packet& packet, const std::vector<int>& fds = {});
  /// The next event of type T, others kept for later. `fds` takes what came along.
  template <typename T>
  T expect(Puppet& puppet, std::vector<UniqueFd>* fds = nullptr) {
    for (;;) {
      for (auto it = events_.begin(); it != events_.end(); ++it) {
        if (!std::holds_alternative<T>(it->event)) continue;
        const T found = std::get<T>(it->event);
        if (fds != nullptr) *fds = std::move(it->fds);
        events_.erase(it);
        return found;
      }
      receive_event(puppet);
    }
  }
  /// Spawns unruly-worker with these arguments; its descriptor 1 is a pipe that output() reads.
  SpawnedMessage spawn(Puppet& puppet, std::uint32_t worker, std::vector<std::string> arguments,
                       const std::function<void(SpawnSpec&)>& change = {});
  /// Everything the last worker (with all its descendants) wrote until all of them had closed it.
  std::string output();
  /// Waits for the keeper's end: its exit code, or minus the signal.
  int wait_keeper();
  static void eventually(const std::string& what, const std::function<bool()>& condition);

  pid_t keeper_ = 0;
  std::function<void()> before_exec_;  ///< runs in the keeper's process before it is the keeper
  std::string folder_;
  UniqueFd output_;
  int cgroup_ = -1;  ///< goes along with a spawn whose spec has a cgroup

 private:
  struct Received {
    KeeperEvent event;
    std::vector<UniqueFd> fds;
  };
  void receive_event(Puppet& puppet);

  UniqueFd listener_;
  std::deque<Received> events_;
};

/// A pipe's read and write end.
std::pair<UniqueFd, UniqueFd> make_pipe();

}  // namespace ringmaster::keeper
