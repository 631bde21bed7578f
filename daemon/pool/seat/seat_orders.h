#pragma once

#include <string>
#include <string_view>

#include "daemon/loop/keeper_port.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/seat.h"

namespace ringmaster::daemon {

/// Orders the process of a seat to claim jobs or to leave, and kills it. (LadderHand performs what kill ladders want.)
/// Owned by the pool, on its thread.
class SeatOrders {
 public:
  struct Rooms {
    shm::LedgerRecord& ledger;
    PoolBook& book;
    Keeper& keeper;
  };

  /// `patience`: how long a worker that was asked to leave may take after its job.
  SeatOrders(std::string pool, std::uint16_t first_worker, core::Duration patience, const Rooms& rooms)
      : pool_(std::move(pool)), first_worker_(first_worker), patience_(patience), rooms_(rooms) {}

  /// Makes a spare an active worker. `paused`: it must not claim jobs yet. REQUIRES: the seat has a process.
  void promote(Seat& seat, bool paused);
  /// Repeats what a predecessor had ordered, by the ledger and the control segment: the message may not have been sent.
  void resume(Seat& seat, bool paused, core::TimePoint now);
  /// Asks it to leave after its current job; one that is not ready is killed.
  void leave(Seat& seat, core::DeathKind why, core::TimePoint now);
  /// The worker leaves by itself, so another may take its place. REQUIRES: the seat has a process.
  void note_leaving(Seat& seat, std::string_view reason, core::TimePoint now);
  /// Kills one that was asked to leave, runs no job and is still there when its time is up.
  void end_leaver(Seat& seat, core::TimePoint now);
  /// Kills without a ladder: no job is running, or the worker must go anyway.
  void kill(Seat& seat, core::DeathKind why);
  /// Kills the seat's orphan, if it has one.
  void kill_orphan(const Seat& seat);

 private:
  std::string pool_;
  std::uint16_t first_worker_;
  core::Duration patience_;
  Rooms rooms_;
};

}  // namespace ringmaster::daemon
