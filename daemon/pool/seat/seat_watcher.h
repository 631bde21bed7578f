#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "daemon/core/worker/run_watcher.h"
#include "daemon/pool/seat/ladder_hand.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {

/// Watches what the workers of a pool run: the shell around the RunWatcher of each seat. It reads lanes and control
/// segments, has the ladders driven, and keeps the ledger's word of what was seen. Its pool's, on its thread.
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
    core::Duration grace{};  ///< between a cancel that the handler hears and the end
  };
  /// Whether the kernel writes the core of that process.
  using DumpsCore = std::function<bool(std::int32_t pid)>;

  SeatWatcher(std::string pool, std::uint16_t first_worker, const Rules& rules, const Rooms& rooms,
              DumpsCore dumps_core)
      : pool_(std::move(pool)),
        first_worker_(first_worker),
        rules_(rules),
        rooms_(rooms),
        dumps_core_(std::move(dumps_core)) {}

  // Of all: REQUIRES: the seat has a process.

  /// One look at the lane of a worker that is ready.
  void look(Seat& seat, core::TimePoint now);
  /// The patience of its ladder may be over.
  void on_timer(Seat& seat, core::TimePoint now);
  /// A job is to end. Nobody waits any more for one of a session that ends: it may run on until its deadline.
  void cancel(Seat& seat, const shm::Intent& job, core::TimePoint now);
  /// Its worker says that it has faulted: it dies of that, whatever its deadline does, unless a verdict stands already.
  void on_fault(Seat& seat, worker_link::Fault&& fault, core::TimePoint now);
  /// The pool's end: false where no job runs that a ladder would have to end.
  [[nodiscard]] bool end_run(Seat& seat, core::TimePoint now);
  /// What a predecessor had begun: it goes on only where ledger and lane agree.
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
