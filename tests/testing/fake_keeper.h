#pragma once

#include <signal.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/loop/keeper_port.h"

namespace ringmaster::testing {

/// Answers when it is told to: deposits are held, unless it is told otherwise, and processes started that are none. It
/// notes the rest.
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
  Result<void> spawn(const keeper::SpawnSpec& spec, std::span<const int>, SpawnDone done) override {
    spawned.emplace_back(spec.worker, spec.incarnation);
    if (!spawn_refusal.empty()) return Error{spawn_refusal};
    starting_.emplace_back(spawned.back(), std::move(done));
    return {};
  }
  void signal(std::uint32_t worker, std::uint32_t incarnation, int number) override {
    if (number == SIGKILL) killed.emplace_back(worker, incarnation);
  }
  void ack_exit(std::uint32_t worker, std::uint32_t incarnation) override {
    acknowledged.emplace_back(worker, incarnation);
  }

  /// The deposits of before are held; or not, for that errno.
  void answer(int error = 0) {
    for (const auto& done : std::exchange(unanswered_, {})) done(error);
  }
  /// The processes of before are started; or not, for that errno.
  void start(std::int32_t pid, int error = 0) {
    for (const auto& [name, done] : std::exchange(starting_, {})) {
      keeper::SpawnedMessage answer;
      answer.worker = name.first;
      answer.incarnation = name.second;
      answer.pid = pid;
      answer.error = error;
      if (done) done(answer);
    }
  }

  std::vector<Name> spawned, killed, acknowledged;
  std::vector<keeper::DepositLabel> deposited;
  std::vector<keeper::ReleaseSelector> released;
  std::string spawn_refusal;  ///< empty: it starts whom it is asked to

 private:
  std::vector<std::pair<Name, SpawnDone>> starting_;
  std::vector<std::function<void(int)>> unanswered_;
};

}  // namespace ringmaster::testing
