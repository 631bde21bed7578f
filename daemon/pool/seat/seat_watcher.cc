#include "daemon/pool/seat/seat_watcher.h"

#include "daemon/log/log.h"
#include "daemon/pool/seat/running_job.h"
#include "daemon/pool/worker/worker_fault.h"

namespace ringmaster::daemon {
namespace {

// True if the client's cancel word or the control segment names this job. Cancels by an administrator, or for a job
// that came as a message, are only in the control segment.
bool cancel_wanted(const shm::ControlRecord& control, const Session* session, const shm::Intent& running) {
  if (session == nullptr || session->state == SessionState::Closing) return false;
  if (control.cancel.load(std::memory_order_relaxed) == running.pack()) return true;
  return running.slot < session->request.slots() &&
         session->request.cancel(running.slot).load(std::memory_order_relaxed) == running.seq;
}

}  // namespace

core::LadderConfig SeatWatcher::ladder_config(const shm::LaneLook& lane) const {
  core::LadderConfig config;
  config.grace = rules_.grace;
  config.listens = rooms_.handlers.listens(lane.handler);
  return config;
}

core::RunWatcher::Sight SeatWatcher::sight_of(const Seat& seat, const shm::LaneLook& lane) const {
  core::RunWatcher::Sight sight;
  sight.intent = lane.intent;
  sight.stamp = core::from_monotonic_ns(lane.stamp_ns);
  sight.own_limit = std::chrono::milliseconds{lane.run_timeout_ms};
  sight.ladder = ladder_config(lane);
  if (!lane.intent) return sight;
  const Session* session = rooms_.sessions.at(lane.intent->session);
  sight.cancel_wanted = cancel_wanted(seat.process->control(), session, *lane.intent);
  return sight;
}

void SeatWatcher::look(Seat& seat, core::TimePoint now) {
  if (!seat.ready) return;
  const core::RunWatcher::Sight sight = sight_of(seat, shm::look_at_lane(seat.process->lane()));
  const auto found = seat.run.look(now, sight, rules_.limits);
  if (found.changed) {
    shm::LedgerWorker& record = record_of(seat);
    if (found.withdraw) shm::withdraw_verdict(record);
    record.first_seen_ns = static_cast<std::uint64_t>(seat.run.started().time_since_epoch().count());
    // SYNC: stored after its time.
    record.seen_intent.store(sight.intent ? sight.intent->pack() : 0, std::memory_order_release);
  }
  if (found.event) rooms_.hand.drive(seat, now, *found.event);
}

void SeatWatcher::on_timer(Seat& seat, core::TimePoint now) {
  if (!seat.run.ladder_due(now)) return;
  if (seat.fault && dumps_core_(seat.process->pid())) rooms_.hand.drive(seat, now, core::KillLadder::DumpsCore{});
  rooms_.hand.drive(seat, now, core::KillLadder::TimerFired{});
}

void SeatWatcher::stop(Seat& seat, core::TimePoint now, const core::KillLadder::Event& event) {
  seat.run.begin(seat.run.intent(), ladder_config(shm::look_at_lane(seat.process->lane())));
  rooms_.hand.drive(seat, now, event);
}

void SeatWatcher::cancel(Seat& seat, const shm::Intent& job, core::TimePoint now) {
  if (!seat.ready) return;
  look(seat, now);
  if (seat.run.intent() != job) return;
  const Session* session = rooms_.sessions.at(job.session);
  if (session == nullptr || session->state == SessionState::Closing) {
    stop(seat, now, core::KillLadder::ClientVanished{});
  } else {
    stop(seat, now, core::KillLadder::CancelRequested{Cause::Cancelled});
  }
}

void SeatWatcher::force_end(Seat& seat, const shm::Intent& job, core::Duration grace, core::TimePoint now) {
  if (!seat.ready) return;
  look(seat, now);
  if (seat.run.intent() == job) stop(seat, now, seat.run.force(now, grace));
}

bool SeatWatcher::end_run(Seat& seat, core::TimePoint now, Cause as) {
  look(seat, now);
  if (!seat.run.running() || !seat.ready) return false;
  stop(seat, now, core::KillLadder::CancelRequested{as});
  return true;
}

void SeatWatcher::on_fault(Seat& seat, worker_link::Fault&& fault, core::TimePoint now) {
  if (seat.fault) return;
  const shm::LaneRecord& lane = seat.process->lane();
  const std::uint64_t intent = lane.words.intent.load(std::memory_order_acquire);  // SYNC: pairs with claim.
  const auto job = running_job(rooms_.sessions, rooms_.handlers, intent, lane);
  log_warning("worker has faulted", {{"pool", pool_},
                                     {"seat", seat.process->name().seat},
                                     {"pid", seat.process->pid()},
                                     {"signal", core::signal_name(fault.signal)},
                                     {"what", words_of(fault)},
                                     {"job", job.id},
                                     {"handler", job.handler},
                                     {"label", job.label}});
  seat.fault = std::move(fault);
  // It was asked to leave after this job, but dies of its own fault now.
  if (seat.verdict == core::DeathKind::Recycled || seat.verdict == core::DeathKind::Clean) seat.verdict.reset();
  seat.run.begin(shm::Intent::unpack(intent), ladder_config(shm::look_at_lane(lane)));
  rooms_.hand.drive(seat, now, core::KillLadder::FaultSaid{});
}

void SeatWatcher::resume_verdict(Seat& seat, core::TimePoint now) {
  if (!seat.ready) return;
  shm::LedgerWorker& record = record_of(seat);
  const shm::LaneLook lane = shm::look_at_lane(seat.process->lane());
  const auto standing = shm::standing_verdict(record);
  const bool agreed = standing && lane.intent && standing->intent == *lane.intent;
  // The process is dead: the verdict needs no kill, and its pid may be used again.
  if (seat.state == core::SeatState::Condemned) {
    if (standing && !agreed) shm::withdraw_verdict(record);
    return;
  }
  const core::RunWatcher::Sight sight = sight_of(seat, lane);
  if (lane.intent && record.seen_intent.load(std::memory_order_acquire) == lane.intent->pack()) {  // SYNC: look
    seat.run.restore(core::from_monotonic_ns(record.first_seen_ns), now, sight, rules_.limits);
  }
  if (agreed) {
    const bool held = seat.process->control().hold.load(std::memory_order_relaxed) != 0;
    return rooms_.hand.drive(seat, now, seat.run.resume(now, *standing, sight.ladder, held));
  }
  if (standing) shm::withdraw_verdict(record);
  if (auto fault = said_fault(*seat.process)) return on_fault(seat, std::move(*fault), now);
  seat.process->control().hold.store(0, std::memory_order_seq_cst);  // SYNC: pairs with claim.
  if (lane.intent) look(seat, now);
}

}  // namespace ringmaster::daemon
