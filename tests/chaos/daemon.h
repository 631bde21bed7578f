#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "tests/chaos/processes.h"
#include "tests/chaos/record.h"

namespace ringmaster::chaos {

/// The programs and folders of a run.
struct Setup {
  std::string ringmasterd;
  std::string client;    ///< ringmaster-chaos-client
  std::string handlers;  ///< chaos_handlers.so
  std::string folder;    ///< of this run: histories, log, socket
  std::string plant;     ///< the fault to switch on in the daemon (base/plant.h); empty: none
  std::string cgroup;    ///< a delegated one for the daemon; empty: none
  std::string socket() const { return folder + "/d.sock"; }
  std::string runs() const { return folder + "/runs"; }
  std::string log() const { return folder + "/log"; }
};

/// The pools of the judge's configuration.
inline constexpr unsigned kPools = 2;
inline constexpr unsigned kWorkersOf[kPools] = {2, 1};
inline constexpr unsigned kSparesOf[kPools] = {1, 0};
inline constexpr unsigned kAttempts = 3;
inline constexpr unsigned kRunTimeoutMs = 5000;

/// A daemon of the judge's own. Its keeper is a child of the judge; no other process is ever signalled through this.
class Daemon {
 public:
  /// Throws std::runtime_error.
  explicit Daemon(const Setup& setup);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  [[nodiscard]] pid_t keeper() const noexcept { return keeper_; }
  /// 0: none at the moment.
  [[nodiscard]] pid_t supervisor() const;
  /// In the order of their pids.
  [[nodiscard]] std::vector<pid_t> workers() const;
  /// Children of the keeper that are neither supervisor nor worker.
  [[nodiscard]] std::vector<ProcessFacts> strangers() const;
  /// False: the process is gone, or is not a child of the keeper.
  bool signal(pid_t pid, int signal) const { return signal_child_of(keeper_, pid, signal); }
  /// True while the keeper lives.
  [[nodiscard]] bool runs() const;
  /// Sends SIGTERM and waits at most `ms`. Returns the wait status; nullopt: it did not end, and was killed.
  std::optional<int> stop(int ms);

 private:
  pid_t keeper_ = -1;
  UniqueFd pidfd_;
};

}  // namespace ringmaster::chaos
