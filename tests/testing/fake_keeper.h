#pragma once

#include <signal.h>

#include <functional>
#include <utility>
#include <vector>

#include "daemon/loop/keeper_port.h"

namespace ringmaster::testing {

/// Holds every deposit that it is asked to, starts nobody, and notes the rest.
class FakeKeeper final : public daemon::Keeper {
 public:
  using Name = std::pair<std::uint32_t, std::uint32_t>;  ///< worker, incarnation

  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int>,
               std::function<void(int)> done) override {
    deposited.insert(deposited.end(), labels.begin(), labels.end());
    if (done) unanswered_.push_back(std::move(done));
  }
  void release(const keeper::ReleaseSelector& selector) override { released.push_back(selector); }
  void release_later(const keeper::ReleaseSelector& selector) override { released.push_back(selector); }
  Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int>, SpawnDone) override {
    spawned.emplace_back(spec.worker, spec.incarnation);
    return {};
  }
  void signal(std::uint32_t worker, std::uint32_t incarnation, int number) override {
    if (number == SIGKILL) killed.emplace_back(worker, incarnation);
  }
  void ack_exit(std::uint32_t worker, std::uint32_t incarnation) override {
    acknowledged.emplace_back(worker, incarnation);
  }

  /// The deposits of before are held.
  void answer() {
    for (const auto& done : std::exchange(unanswered_, {})) done(0);
  }

  std::vector<Name> spawned, killed, acknowledged;
  std::vector<keeper::DepositLabel> deposited;
  std::vector<keeper::ReleaseSelector> released;

 private:
  std::vector<std::function<void(int)>> unanswered_;
};

}  // namespace ringmaster::testing
