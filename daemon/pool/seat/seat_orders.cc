#include "daemon/pool/seat/seat_orders.h"

#include <signal.h>

#include "daemon/log/log.h"
#include "daemon/pool/book/kill_order.h"

namespace ringmaster::daemon {

void SeatOrders::promote(Seat& seat, bool paused) {
  const std::uint16_t number = seat.process->name().seat;
  seat.state = core::SeatState::Active;
  rooms_.ledger.workers[first_worker_ + number].flags = shm::kLedgerReady;
  seat.process->send(worker_link::Claiming{paused});
  log_debug("worker takes jobs", {{"pool", pool_}, {"seat", number}});
}

void SeatOrders::resume(Seat& seat, bool paused, core::TimePoint now) {
  if (seat.process->control().leave.load(std::memory_order_relaxed) == 0) {
    // The predecessor may have died after it wrote the ledger and before it sent the message.
    return seat.process->send(worker_link::Claiming{seat.state == core::SeatState::Spare || paused});
  }
  // The predecessor wanted it to exit. Why is not known, and the message may not have been sent.
  seat.leaving = true;
  seat.verdict = core::DeathKind::Recycled;
  seat.state = core::SeatState::Leaving;
  seat.process->send(worker_link::Exit{});
  seat.leave_by = now + patience_;
}

void SeatOrders::leave(Seat& seat, core::DeathKind why, core::TimePoint now) {
  seat.state = core::SeatState::Leaving;
  if (seat.leaving || !seat.process) return;
  seat.leaving = true;
  if (!seat.ready) return kill(seat, why);
  seat.verdict = why;
  seat.process->control().leave.store(1, std::memory_order_release);  // SYNC: read by the worker between jobs.
  seat.process->send(worker_link::Exit{});
  seat.leave_by = now + patience_;
}

void SeatOrders::note_leaving(Seat& seat, std::string_view reason, core::TimePoint now) {
  if (seat.leaving || seat.state == core::SeatState::Condemned) return;
  log_info("worker is recycled", {{"pool", pool_}, {"seat", seat.process->name().seat}, {"reason", reason}});
  seat.state = core::SeatState::Leaving;
  seat.leaving = true;
  seat.verdict = core::DeathKind::Recycled;
  // SYNC: release, as in leave(): a successor knows by it that the exit is wanted.
  seat.process->control().leave.store(1, std::memory_order_release);
  seat.leave_by = now + patience_;
}

void SeatOrders::end_leaver(Seat& seat, core::TimePoint now) {
  if (!seat.process || !seat.leave_by) return;
  if (seat.run.running()) {
    seat.leave_by = now + patience_;
  } else if (now >= *seat.leave_by) {
    log_warning("worker was asked to leave, did not, and is killed",
                {{"pool", pool_}, {"seat", seat.process->name().seat}, {"pid", seat.process->pid()}});
    seat.leave_by.reset();
    kill(seat, seat.verdict.value_or(core::DeathKind::Recycled));
  }
}

void SeatOrders::kill(Seat& seat, core::DeathKind why) {
  if (!seat.process) return;
  if (!seat.verdict || why == core::DeathKind::Shutdown) seat.verdict = why;
  seat.state = core::SeatState::Condemned;
  ++rooms_.book.tally().kills;
  const shm::Owner owner = seat.process->name().owner;
  if (seat.process->pid() == 0) return;  // SeatStart kills it when it has one
  note_kill(rooms_.ledger.workers[owner.worker], *seat.verdict);
  rooms_.keeper.signal(owner.worker, owner.incarnation, SIGKILL);
}

void SeatOrders::kill_orphan(const Seat& seat) {
  if (!seat.orphan) return;
  const shm::Owner owner = seat.orphan->owner;
  shm::LedgerWorker& record = rooms_.ledger.workers[owner.worker];
  if (record.incarnation == owner.incarnation) note_kill(record, core::DeathKind::Recycled);
  rooms_.keeper.signal(owner.worker, owner.incarnation, SIGKILL);
}

}  // namespace ringmaster::daemon
