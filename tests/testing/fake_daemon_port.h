#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ports/pool_port.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::testing {

/// A daemon of some pools, with a ledger in plain memory and a keeper that answers when it is told to.
class FakeDaemonPort final : public daemon::DaemonPort {
 public:
  explicit FakeDaemonPort(std::vector<daemon::PoolPort*> pools)
      : pools_(std::move(pools)), memory_(sizeof(shm::LedgerRecord)), ledger_(*shm::format_ledger(memory_.span())) {}

  [[nodiscard]] daemon::PoolDirectory pools() const override {
    return pools_gone ? daemon::PoolDirectory() : daemon::PoolDirectory(pools_);
  }
  [[nodiscard]] shm::LedgerRecord& ledger() override { return ledger_; }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return 2; }
  [[nodiscard]] std::uint64_t daemon_id() const override { return 1; }
  [[nodiscard]] std::string refusal() const override { return why_not; }
  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int>,
               std::function<void(bool)> acked) override {
    deposited.insert(deposited.end(), labels.begin(), labels.end());
    unanswered_.push_back(std::move(acked));
  }
  void release(const keeper::ReleaseSelector& selector) override { released.push_back(selector.a.value_or(0)); }
  void stop() override {}
  void when_stack_named(std::uint64_t, core::Duration, std::function<void()>) override {}
  [[nodiscard]] daemon::DaemonView view(const daemon::Viewer&) override { return {}; }
  [[nodiscard]] daemon::HealthView health(const daemon::Viewer&) override { return {}; }

  /// The keeper holds what it was given before, or its table is full.
  void answer(bool held = true) {
    for (const auto& acked : std::exchange(unanswered_, {})) acked(held);
  }

  std::string why_not;
  bool pools_gone = false;
  std::vector<keeper::DepositLabel> deposited;
  std::vector<std::uint32_t> released;  ///< serials

 private:
  std::vector<daemon::PoolPort*> pools_;
  Memory memory_;
  shm::LedgerRecord& ledger_;
  std::vector<std::function<void(bool)>> unanswered_;
};

}  // namespace ringmaster::testing
