#pragma once

#include <string>

#include "daemon/loop/keeper_port.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/seat.h"

namespace ringmaster::daemon {

/// What a pool orders the process of a seat to do: to claim jobs, to leave, to die. What a kill ladder orders is its
/// hand's. Its pool's, on its thread.
class SeatOrders {
 public:
  struct Rooms {
    shm::LedgerRecord& ledger;
    PoolBook& book;
    Keeper& keeper;
  };

  /// `patience`: how long a worker that was asked to leave may take, once it runs no job.
  SeatOrders(std::string pool, std::uint16_t first_worker, core::Duration patience, const Rooms& rooms)
      : pool_(std::move(pool)), first_worker_(first_worker), patience_(patience), rooms_(rooms) {}

  /// A spare is to claim jobs; `paused`: when it is told so, not yet. REQUIRES: the seat has a process.
  void promote(Seat& seat, bool paused);
  /// What a predecessor had told it, as far as the ledger and its control segment say, and perhaps had not come to.
  void resume(Seat& seat, bool paused, core::TimePoint now);
  /// It leaves after its present job; one that is not ready is killed.
  void leave(Seat& seat, core::DeathKind why, core::TimePoint now);
  /// Kills one that was asked to leave, runs no job and is still there when its time is up.
  void end_leaver(Seat& seat, core::TimePoint now);
  /// Outside of a ladder: no job is at stake, or the whole worker has to go.
  void kill(Seat& seat, core::DeathKind why);
  /// Where there is one.
  void kill_orphan(const Seat& seat);

 private:
  std::string pool_;
  std::uint16_t first_worker_;
  core::Duration patience_;
  Rooms rooms_;
};

}  // namespace ringmaster::daemon
