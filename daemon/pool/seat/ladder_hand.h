#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/core/worker/kill_ladder.h"
#include "daemon/incidents/stack_desk.h"
#include "daemon/pool/seat/seat_rooms.h"

namespace ringmaster::daemon {

/// Performs the effects of a pool's kill ladders: on control segments, slots, the ledger and the keeper. It decides
/// nothing; if an effect has an answer, that is the ladder's next event. Owned by the pool, on its thread.
class LadderHand {
 public:
  struct Ports {
    std::function<void()> call_workers;  ///< there may be a job that no worker was told of
    /// Answered later by the event CaptureEnded.
    std::function<void(core::SeatNumber, const StackDesk::Order&)> capture;
  };

  /// `user`: the user that the pool's processes run as.
  LadderHand(std::uint32_t pool, std::uint16_t first_worker, tracer::FileUser user, const SeatRooms& rooms, Ports ports)
      : pool_(pool), first_worker_(first_worker), user_(user), rooms_(rooms), ports_(std::move(ports)) {}

  /// Before anything else. REQUIRES: the board outlives this.
  void open(shm::BoardRecord& board) { board_ = &board; }

  /// Gives the seat's ladder an event, and then each event that answers an effect. Afterwards the seat may be
  /// Condemned. REQUIRES: the seat has a process.
  void drive(Seat& seat, core::TimePoint now, const core::KillLadder::Event& event);

  /// Orders the stack that the seat owes, once the pid is known or it is too late to wait for that. A worker may be
  /// ready and die in its first job before the keeper's word of its start is read; the pid that it told itself could be
  /// another's, whose stack is none of its users' business.
  void pay_capture(Seat& seat, core::TimePoint now) const;
  /// The process has exited: its incident says what it reported, and that there is no stack. REQUIRES: one is owed.
  void forgo_capture(Seat& seat, core::TimePoint now) const;

 private:
  using Ladder = core::KillLadder;
  using Answer = std::optional<Ladder::Event>;

  [[nodiscard]] Answer perform(Seat& seat, core::TimePoint now, const Ladder::Effect& effect);
  [[nodiscard]] Ladder::Event condemn_slot(const Seat& seat) const;
  [[nodiscard]] Ladder::Event reread_lane(const Seat& seat) const;
  void hand_over(Seat& seat) const;
  void capture(const Seat& seat, StackDesk::Order order) const;
  void report_violation(const Seat& seat) const;
  [[nodiscard]] shm::LedgerWorker& record_of(const Seat& seat) const {
    return rooms_.ledger.workers[first_worker_ + seat.process->name().seat];
  }

  std::uint32_t pool_;
  std::uint16_t first_worker_;
  tracer::FileUser user_;
  SeatRooms rooms_;
  Ports ports_;
  shm::BoardRecord* board_ = nullptr;
};

}  // namespace ringmaster::daemon
