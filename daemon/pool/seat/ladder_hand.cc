#include "daemon/pool/seat/ladder_hand.h"

#include <signal.h>

#include <utility>

#include "base/overloaded.h"
#include "daemon/pool/seat/running_job.h"
#include "daemon/pool/worker/worker_fault.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {
namespace {

shm::Intent intent_of(const Seat& seat) { return seat.run.ladder()->intent().value_or(shm::Intent{}); }

}  // namespace

void LadderHand::drive(Seat& seat, core::TimePoint now, const Ladder::Event& event) {
  for (Answer next = event; next;) {
    const auto effects = seat.run.handle(now, *next);
    next.reset();
    // Only the last effect of an event can have an answer.
    for (const Ladder::Effect& effect : effects) next = perform(seat, now, effect);
  }
  seat.run.settle();
}

LadderHand::Answer LadderHand::perform(Seat& seat, core::TimePoint now, const Ladder::Effect& effect) {
  shm::ControlRecord& control = seat.process->control();
  const shm::Owner owner = seat.process->name().owner;
  return std::visit(
      Overloaded{
          [&](const Ladder::SetCancelWord&) -> Answer {
            control.cancel.store(intent_of(seat).pack(), std::memory_order_release);  // SYNC: pairs with cancel_asked.
            return std::nullopt;
          },
          [&](const Ladder::WriteVerdict& write) -> Answer {
            (void)shm::write_verdict(record_of(seat), write.verdict);
            return Ladder::VerdictWritten{};
          },
          [&](const Ladder::SetHold&) -> Answer {
            control.hold.store(1, std::memory_order_seq_cst);  // SYNC: before the CAS and the look at the lane.
            return std::nullopt;
          },
          [&](const Ladder::CondemnSlot&) -> Answer { return condemn_slot(seat); },
          [&](const Ladder::RereadLane&) -> Answer { return reread_lane(seat); },
          [&](const Ladder::ReleaseHold&) -> Answer {
            control.hold.store(0, std::memory_order_seq_cst);  // SYNC: pairs with claim.
            ports_.call_workers();
            return std::nullopt;
          },
          [&](const Ladder::WithdrawVerdict&) -> Answer {
            return shm::withdraw_verdict(record_of(seat)), std::nullopt;
          },
          [&](const Ladder::SpareTakesOver&) -> Answer { return hand_over(seat), std::nullopt; },
          [&](const Ladder::CaptureStack&) -> Answer {
            seat.capture_owed = stack_order(*seat.process, seat.fault, now).until;
            pay_capture(seat, now);
            return std::nullopt;
          },
          [&](const Ladder::LetGo&) -> Answer { return let_go(control), std::nullopt; },
          [&](const Ladder::Kill&) -> Answer {
            ++rooms_.book.tally().kills;
            rooms_.keeper.signal(owner.worker, owner.incarnation, SIGKILL);
            return std::nullopt;
          },
          [&](const Ladder::ReportProtocolViolation&) -> Answer { return report_violation(seat), std::nullopt; },
          [&](const Ladder::Settle&) -> Answer { return std::nullopt; },  // Burial does it for every worker
      },
      effect);
}

core::KillLadder::Event LadderHand::condemn_slot(const Seat& seat) const {
  const shm::Intent intent = intent_of(seat);
  const Session* session = rooms_.sessions.at(intent.session);
  if (session == nullptr) return Ladder::CondemnLost{};
  const shm::Owner owner = seat.process->name().owner;
  const shm::Condemnation sentence = shm::condemn_and_look(session->reply, seat.process->lane(), intent, owner);
  if (sentence == shm::Condemnation::Forged) {
    rooms_.fates.broken(intent.session, session->serial, "it made a job look as if a worker ran it");
  }
  if (sentence == shm::Condemnation::Kill) return Ladder::CondemnWon{};
  return Ladder::CondemnLost{};
}

core::KillLadder::Event LadderHand::reread_lane(const Seat& seat) const {
  const shm::Intent intent = intent_of(seat);
  const shm::LaneRecord& lane = seat.process->lane();
  const Session* session = rooms_.sessions.at(intent.session);
  // The worker may have been between its intent and its claim, where the first CAS found the slot still Ready.
  if (session != nullptr &&
      shm::condemn_and_look(session->reply, lane, intent, seat.process->name().owner) == shm::Condemnation::Kill) {
    return Ladder::CondemnWon{};
  }
  return Ladder::LaneReread{shm::look_at_lane(lane).intent};
}

void LadderHand::hand_over(Seat& seat) const {
  if (const auto& verdict = seat.run.ladder()->verdict()) seat.verdict = core::death_by(*verdict);
  seat.state = core::SeatState::Condemned;
  if (!seat.fault) return;
  // This worker takes no more jobs, so its bits must not keep clients from ringing.
  shm::clear_place(*board_, seat.process->name().seat);
  ports_.call_workers();
}

void LadderHand::pay_capture(Seat& seat, core::TimePoint now) const {
  if (!seat.capture_owed || !seat.process) return;
  if (seat.process->pid() == 0 && now < *seat.capture_owed) return;
  StackDesk::Order order = stack_order(*seat.process, seat.fault, now);
  order.until = *std::exchange(seat.capture_owed, std::nullopt);
  capture(seat, std::move(order));
}

void LadderHand::forgo_capture(Seat& seat, core::TimePoint now) const {
  StackDesk::Order order = stack_order(*seat.process, seat.fault, now);
  order.pid = 0;  // It may be another process's by now.
  seat.capture_owed.reset();
  capture(seat, std::move(order));
}

void LadderHand::capture(const Seat& seat, StackDesk::Order order) const {
  const WorkerName& place = seat.process->name();
  order.user = user_;
  order.process = {pool_, place.seat, place.owner.incarnation, record_of(seat).started_ns};
  // SYNC: acquire, pairs with claim. The intent is stable: the worker waits for its stack to be taken, or is held.
  const std::uint64_t intent = seat.process->lane().words.intent.load(std::memory_order_acquire);
  order.job = running_job(rooms_.sessions, rooms_.handlers, intent, seat.process->lane());
  ports_.capture(place.seat, order);
}

void LadderHand::report_violation(const Seat& seat) const {
  const shm::Intent intent = intent_of(seat);
  const Session* session = rooms_.sessions.at(intent.session);
  if (session == nullptr) return;
  rooms_.fates.broken(intent.session, session->serial, "it altered the word of a running job");
}

}  // namespace ringmaster::daemon
