#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "daemon/core/worker/run_watcher.h"
#include "daemon/pool/seat/ladder_hand.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {

/// Watches what the workers of a pool run. Each seat's RunWatcher decides; this reads lanes and control segments,
/// passes events to the kill ladders, and records in the ledger what it saw. Owned by the pool, on its thread.
class SeatWatcher {
 public:
  struct Rooms {
    shm::LedgerRecord& ledger;
    const SessionRoster& sessions;
    const HandlerCatalog& handlers;
    LadderHand& hand;
  };
  struct Rules {
    core::RunWatcher::Limits limits;
    core::Duration grace{};  ///< between asking a handler that listens to cancel, and the kill
  };
  /// True if the kernel will write a core of that process.
  using DumpsCore = std::function<bool(std::int32_t pid)>;

  SeatWatcher(std::string pool, std::uint16_t first_worker, const Rules& rules, const Rooms& rooms,
              DumpsCore dumps_core)
      : pool_(std::move(pool)),
        first_worker_(first_worker),
        rules_(rules),
        rooms_(rooms),
        dumps_core_(std::move(dumps_core)) {}

  // REQUIRES for all that follow: the seat has a process.

  /// Looks at the lane of a ready worker.
  void look(Seat& seat, core::TimePoint now);
  /// Called when a deadline of its kill ladder may have passed.
  void on_timer(Seat& seat, core::TimePoint now);
  /// Cancels a job. If its session is ending nobody waits for it, so it may run on until its deadline.
  void cancel(Seat& seat, const shm::Intent& job, core::TimePoint now);
  /// Cancels a job by force: whatever its handler does, its worker is killed after the grace.
  void force_end(Seat& seat, const shm::Intent& job, core::Duration grace, core::TimePoint now);
  /// The worker reports a fault: that becomes the cause of its death, unless there is a verdict already.
  void on_fault(Seat& seat, worker_link::Fault&& fault, core::TimePoint now);
  /// Called when the pool ends: kills the running job by a ladder, as what it ends; false: no job runs.
  [[nodiscard]] bool end_run(Seat& seat, core::TimePoint now, Cause as);
  /// Continues a predecessor's verdict, if ledger and lane name the same job; otherwise withdraws it.
  void resume_verdict(Seat& seat, core::TimePoint now);

 private:
  [[nodiscard]] core::RunWatcher::Sight sight_of(const Seat& seat, const shm::LaneLook& lane) const;
  void stop(Seat& seat, core::TimePoint now, const core::KillLadder::Event& event);
  [[nodiscard]] core::LadderConfig ladder_config(const shm::LaneLook& lane) const;
  [[nodiscard]] shm::LedgerWorker& record_of(const Seat& seat) const {
    return rooms_.ledger.workers[first_worker_ + seat.process->name().seat];
  }

  std::string pool_;
  std::uint16_t first_worker_;
  Rules rules_;
  Rooms rooms_;
  DumpsCore dumps_core_;
};

}  // namespace ringmaster::daemon
