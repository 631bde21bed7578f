#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/core/pool/charge_sheet.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/loop/timers.h"
#include "daemon/ports/pool_view.h"
#include "shm/charges.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// What the uids of one pool are charged with for workers that their jobs ended. ChargeSheet decides; this keeps the
/// record in the ledger and writes the list into each worker's control segment. Owned by the pool, on its thread.
class PoolCharges {
 public:
  /// Calls its argument for the control segment of each process of the pool.
  using Workers = std::function<void(const std::function<void(shm::ControlRecord&)>&)>;

  /// Takes up what a predecessor has recorded. REQUIRES: `record` and `config` outlive this.
  PoolCharges(Timers& timers, shm::LedgerPool& record, const config::PoolConfig& config, Workers workers);
  ~PoolCharges();

  struct Death {
    shm::Owner owner;
    core::DeathCause cause;
    std::uint64_t at_ns = 0;
    const shm::LaneRecord* lane = nullptr;       ///< null: lost
    std::optional<std::uint32_t> running_uid{};  ///< uid of the job that it ran when it died
    bool maybe_outside = false;                  ///< somebody outside may have killed it
  };
  /// Charges the death to the uid of the worker's last job, if that is to blame; returns the uid.
  std::optional<core::Uid> bury(const Death& death);

  /// Writes the list for a process that is about to start or was taken over.
  void show(shm::ControlRecord& control) const;
  /// Why jobs and sessions of the uid are refused: what its jobs did, and for how long. Empty: they are not.
  [[nodiscard]] std::string refusal(core::Uid uid) const;
  /// All uids that are charged.
  [[nodiscard]] std::vector<ChargeView> views() const;

 private:
  void publish();
  void write_ledger();
  void schedule();
  void say(const core::ChargeSheet::Charge& charge, core::ChargeSheet::Standing before) const;
  [[nodiscard]] std::vector<shm::ChargedUser> users() const;

  Timers& timers_;
  shm::LedgerPool& record_;
  const config::PoolConfig& config_;
  Workers workers_;
  core::ChargeSheet sheet_;
  std::optional<Timers::TimerId> timer_;
};

}  // namespace ringmaster::daemon
