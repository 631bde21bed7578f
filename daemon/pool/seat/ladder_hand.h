#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/core/worker/kill_ladder.h"
#include "daemon/incidents/stack_desk.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/ports/session_fates.h"

namespace ringmaster::daemon {

/// Carries out what the kill ladders of a pool want: on control segments, slots, the ledger and the keeper. It decides
/// nothing; where a ladder waits for an answer, the answer is the next event of a loop. Its pool's, on its thread.
class LadderHand {
 public:
  struct Rooms {
    shm::LedgerRecord& ledger;
    PoolBook& book;
    const SessionRoster& sessions;
    const HandlerCatalog& handlers;
    SessionFates& fates;
    Keeper& keeper;
  };
  struct Ports {
    std::function<void()> call_workers;  ///< a job may be there that nobody was told of
    /// Answered, later, with the event CaptureEnded.
    std::function<void(core::SeatNumber, const StackDesk::Order&)> capture;
  };

  /// `user`: as whom the pool's processes run.
  LadderHand(std::uint32_t pool, std::uint16_t first_worker, tracer::FileUser user, const Rooms& rooms, Ports ports)
      : pool_(pool), first_worker_(first_worker), user_(user), rooms_(rooms), ports_(std::move(ports)) {}

  /// Before anything else. REQUIRES: the board outlives this.
  void open(shm::BoardRecord& board) { board_ = &board; }

  /// Gives the seat's ladder an event, and then each that the effects are answered with. The plan that follows finds a
  /// seat that is condemned. REQUIRES: the seat has a process.
  void drive(Seat& seat, core::TimePoint now, const core::KillLadder::Event& event);

 private:
  using Ladder = core::KillLadder;
  using Answer = std::optional<Ladder::Event>;

  [[nodiscard]] Answer perform(Seat& seat, core::TimePoint now, const Ladder::Effect& effect);
  [[nodiscard]] Ladder::Event condemn_slot(const Seat& seat) const;
  [[nodiscard]] Ladder::Event reread_lane(const Seat& seat) const;
  void hand_over(Seat& seat) const;
  void capture(Seat& seat, core::TimePoint now) const;
  void report_violation(const Seat& seat) const;
  [[nodiscard]] shm::LedgerWorker& record_of(const Seat& seat) const {
    return rooms_.ledger.workers[first_worker_ + seat.process->name().seat];
  }

  std::uint32_t pool_;
  std::uint16_t first_worker_;
  tracer::FileUser user_;
  Rooms rooms_;
  Ports ports_;
  shm::BoardRecord* board_ = nullptr;
};

}  // namespace ringmaster::daemon
