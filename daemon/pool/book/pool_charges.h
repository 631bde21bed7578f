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

/// What the uids of one pool are charged with for the workers that their jobs ended: the shell around ChargeSheet. It
/// keeps the ledger's record for a successor and tells each worker by its control segment. The pool's, on its thread.
class PoolCharges {
 public:
  /// Calls its argument for the control segment of each process there is.
  using Workers = std::function<void(const std::function<void(shm::ControlRecord&)>&)>;

  /// Takes up what a predecessor has put on `record`. REQUIRES: both outlive this.
  PoolCharges(Timers& timers, shm::LedgerPool& record, const config::PoolConfig& config, Workers workers);
  ~PoolCharges();

  struct Death {
    shm::Owner owner;
    core::DeathCause cause;
    std::uint64_t at_ns = 0;
    const shm::LaneRecord* lane = nullptr;       ///< null: lost
    std::optional<std::uint32_t> running_uid{};  ///< whose job it died in
    bool maybe_outside = false;                  ///< somebody outside may have killed it
  };
  /// Charges it to the uid whose job the last one was, if it speaks against one: that uid.
  std::optional<core::Uid> bury(const Death& death);

  /// The list, for a process that is about to start or was taken over.
  void show(shm::ControlRecord& control) const;
  /// Empty: jobs and sessions of the uid are welcome. Else a sentence: what they did, and until when.
  [[nodiscard]] std::string refusal(core::Uid uid) const;
  /// Of everybody who owes something.
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
