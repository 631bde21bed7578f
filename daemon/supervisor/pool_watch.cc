#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/running_job.h"
#include "daemon/supervisor/session.h"
#include "daemon/supervisor/stack_desk.h"
#include "daemon/supervisor/worker_fault.h"
#include "shm/hints.h"

// The deadlines of a pool: looks at lanes and queues, and what a kill ladder asks for.
namespace ringmaster {
namespace {

Cause cause_of(core::Verdict verdict) {
  switch (verdict) {
    case core::Verdict::TimedOut:
      return Cause::RunTimeout;
    case core::Verdict::Cancelled:
      return Cause::Cancelled;
    case core::Verdict::ProtocolViolation:
      return Cause::ProtocolViolation;
    case core::Verdict::Shutdown:
      return Cause::Lost;
  }
  return Cause::Lost;
}

core::Verdict verdict_of(Cause cause) {
  if (cause == Cause::RunTimeout) return core::Verdict::TimedOut;
  if (cause == Cause::Cancelled) return core::Verdict::Cancelled;
  return cause == Cause::Lost ? core::Verdict::Shutdown : core::Verdict::ProtocolViolation;
}

core::DeathKind death_of(core::Verdict verdict) {
  switch (verdict) {
    case core::Verdict::TimedOut:
      return core::DeathKind::TimedOut;
    case core::Verdict::Cancelled:
      return core::DeathKind::Cancelled;
    case core::Verdict::ProtocolViolation:
      return core::DeathKind::ProtocolViolation;
    case core::Verdict::Shutdown:
      return core::DeathKind::Shutdown;
  }
  return core::DeathKind::Shutdown;
}

core::Intent packed(const std::optional<Intent>& intent) {
  return intent ? core::Intent{intent->pack()} : core::Intent::None;
}

Intent unpacked(core::Intent intent) { return Intent::unpack(static_cast<std::uint64_t>(intent)).value_or(Intent{}); }

// By its client's word, or by the control segment's: an administrator's cancel, and one of a job that came as a
// message, stand there alone.
bool cancel_wanted(const ControlRecord& control, const Session* session, const Intent& running) {
  if (session == nullptr || session->state == SessionState::Closing) return false;
  if (control.cancel.load(std::memory_order_relaxed) == running.pack()) return true;
  return running.slot < session->request.slots() &&
         session->request.cancel(running.slot).load(std::memory_order_relaxed) == running.seq;
}

}  // namespace

std::optional<core::Duration> Pool::shortest_run() const {
  core::Duration shortest = config_.run_deadline;
  for (const auto& [index, session] : sessions_.all()) {
    if (session->shortest_run_ms != 0) {
      shortest = std::min(shortest, core::Duration{std::chrono::milliseconds{session->shortest_run_ms}});
    }
  }
  return std::max(shortest, core::LookSchedule::shortest_run_deadline());
}

bool Pool::busy() const {
  unsigned active = 0;
  for (const Seat& seat : seats_) {
    if (!seat.process || !seat.ready) continue;
    if (seat.watch.running()) return true;
    if (seat.state != core::SeatState::Active) continue;
    ++active;
    const auto place = seat.process->place().seat;
    // SYNC: acquire: an idle bit seen here was set before its worker's last scan.
    const std::uint64_t idle = board_->idle[place / 64].load(std::memory_order_acquire);
    if ((idle >> (place % 64) & 1) == 0) return true;
  }
  return active < config_.workers || drain_.state() != core::Drain::State::Running;
}

void Pool::look(core::TimePoint now) {
  const core::Duration late = looks_.lateness(now);
  if (late > core::Duration::zero()) {
    for (Seat& seat : seats_) {
      seat.watch.extend(late);
      if (seat.ladder) (void)seat.ladder->handle(now, core::KillLadder::WatcherWasLate{late});
    }
  }
  const bool slept = bell_watch_.armed();
  bell_watch_.disarm();
  bell_watch_.forget();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& process = seats_[i].process;
    if (!process) continue;
    look_at_seat(static_cast<core::Seat>(i), now);
    if (seats_[i].memory.over(now) && !seats_[i].verdict) {
      log_warning("worker has more memory of its own than memory_max, and is killed",
                  {{"pool", config_.name}, {"worker", i}, {"memory_max", config_.memory_max}});
      kill(seats_[i], core::DeathKind::OutOfMemory);
    }
    statistics_.note_process(static_cast<core::Seat>(i), process->place().owner.incarnation, process->pid(), now);
  }
  if (config_.memory_max.value != 0 && host_.cgroups().limits_memory()) host_.sessions().end_those_with_holes();
  const std::uint64_t now_ns = monotonic_ns();
  if (!drain_.accepts_jobs() && !drain_.stopping()) drain_.refuse_late_jobs(crew());
  queues_.look(now_ns);
  if (!host_.cgroups().limits_memory() && oom_baseline_.due(now_ns)) oom_baseline_.note(now_ns, oom_kills());
  // Twice idle: between a worker's idle bit and its last scan lies a moment in which it may still take a job unrung.
  const bool is_idle = !busy() && !queues_.work_waits();
  // The last look before a sleep too: nothing is done between it and the next.
  if (slept || is_idle || statistics_.due(now)) statistics_.note(now, total(), slept);
  looks_.plan(now, !is_idle || !was_idle_, shortest_run());
  if (is_idle && was_idle_) bell_watch_.arm();
  was_idle_ = is_idle;
}

void Pool::look_at_seat(core::Seat index, core::TimePoint now) {
  Seat& seat = seats_[index];
  if (!seat.ready) return;
  // One that is over must not keep the next job from its own.
  if (seat.ladder && seat.ladder->over()) seat.ladder.reset();
  if (!seat.first_job_seen && finished_jobs(seat.process->lane().counters) != 0) {
    seat.first_job_seen = true;
    on_policy(policy_.handle(now, core::RestartPolicy::FinishedFirstJob{index}));
  }
  const LaneLook lane = look_at_lane(seat.process->lane());
  const core::Intent intent = packed(lane.intent);
  switch (seat.watch.look(now, intent, core::from_monotonic_ns(lane.stamp_ns))) {
    case core::RunWatch::Change::Nothing:
      break;
    case core::RunWatch::Change::Started:
    case core::RunWatch::Change::Replaced:
    case core::RunWatch::Change::Ended: {
      if (seat.ladder) step(index, core::KillLadder::JobLeft{});
      if (seat.ladder && seat.ladder->over()) seat.ladder.reset();
      seat.armed.reset();
      LedgerWorker& record = record_of(index);
      record.first_seen_ns = static_cast<std::uint64_t>(seat.watch.started().time_since_epoch().count());
      record.seen_intent.store(static_cast<std::uint64_t>(intent), std::memory_order_release);  // SYNC: after its time.
      break;
    }
  }
  if (!seat.watch.running()) return;
  arm(seat, lane);
  if (seat.ladder) return;
  if (seat.watch.expired(now)) {
    seat.ladder = {seat.watch.intent(), ladder_config(seat)};
    step(index, core::KillLadder::DeadlineReached{});
  } else if (cancel_wanted(seat.process->control(), sessions_.at(lane.intent->session), *lane.intent)) {
    tell_to_stop(index, core::KillLadder::CancelRequested{core::Verdict::Cancelled});
  }
}

void Pool::tell_to_stop(core::Seat index, const core::KillLadder::Event& event) {
  Seat& seat = seats_[index];
  if (!seat.ladder) seat.ladder = {seat.watch.intent(), ladder_config(seat)};
  step(index, event);
  // Told, and left to run on until its deadline.
  if (seat.ladder && seat.ladder->state() == core::KillLadder::State::Running) seat.ladder.reset();
}

// The worker copies the job's own deadline a moment after its intent: looked at anew each time.
void Pool::arm(Seat& seat, const LaneLook& lane) {
  core::Duration deadline = config_.run_deadline;
  if (lane.run_timeout_ms != 0) {
    deadline = std::min<core::Duration>(std::chrono::milliseconds{lane.run_timeout_ms}, config_.max_deadline);
  }
  if (seat.armed == deadline) return;
  seat.armed = deadline;
  seat.watch.arm(deadline);
}

// A seat is taken until its process is gone, also by one that was asked to leave and does not.
void Pool::end_leaver(Seat& seat, core::TimePoint now) {
  if (seat.watch.running()) {
    seat.leave_by = now + config_.grace + kLeaveRoom;
  } else if (now >= *seat.leave_by) {
    log_warning("worker was asked to leave, does not, and is killed",
                {{"pool", config_.name}, {"worker", seat.process->place().seat}, {"pid", seat.process->pid()}});
    seat.leave_by.reset();
    kill(seat, seat.verdict.value_or(core::DeathKind::Recycled));
  }
}

core::LadderConfig Pool::ladder_config(const Seat& seat) const {
  core::LadderConfig config;
  config.grace = config_.grace;
  config.listens = handlers_.listens(look_at_lane(seat.process->lane()).handler);
  return config;
}

void Pool::cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) {
  const Intent wanted{index, slot, seq};
  const Session* session = sessions_.at(index);
  const core::TimePoint now = host_.loop().now();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    if (!seat.process || !seat.ready) continue;
    look_at_seat(static_cast<core::Seat>(i), now);
    if (seat.watch.intent() != core::Intent{wanted.pack()}) continue;
    // Nobody waits any more for a job of a session that ends: it may run on until its deadline.
    if (session == nullptr || session->state == SessionState::Closing) {
      tell_to_stop(static_cast<core::Seat>(i), core::KillLadder::ClientVanished{});
    } else {
      tell_to_stop(static_cast<core::Seat>(i), core::KillLadder::CancelRequested{core::Verdict::Cancelled});
    }
  }
  update();
}

void Pool::step(core::Seat index, const core::KillLadder::Event& event) {
  Seat& seat = seats_[index];
  if (!seat.ladder) return;
  for (const auto& effect : seat.ladder->handle(host_.loop().now(), event)) carry_out(index, effect);
}

void Pool::carry_out(core::Seat index, const core::KillLadder::Effect& effect) {
  using Ladder = core::KillLadder;
  Seat& seat = seats_[index];
  ControlRecord& control = seat.process->control();
  const Owner owner = seat.process->place().owner;
  const Intent intent = unpacked(seat.ladder->intent());
  if (std::holds_alternative<Ladder::SetCancelWord>(effect)) {
    control.cancel.store(intent.pack(), std::memory_order_release);  // SYNC: pairs with cancel_asked.
  } else if (const auto* write = std::get_if<Ladder::WriteVerdict>(&effect)) {
    (void)write_verdict(record_of(index), {intent, cause_of(write->verdict), 0});
    step(index, Ladder::VerdictWritten{});
  } else if (std::holds_alternative<Ladder::SetHold>(effect)) {
    control.hold.store(1, std::memory_order_seq_cst);  // SYNC: before the CAS and the look at the lane.
  } else if (std::holds_alternative<Ladder::CondemnSlot>(effect)) {
    condemn_slot(index);
  } else if (std::holds_alternative<Ladder::RereadLane>(effect)) {
    reread_lane(index);
  } else if (std::holds_alternative<Ladder::ReleaseHold>(effect)) {
    control.hold.store(0, std::memory_order_seq_cst);  // SYNC: pairs with claim.
    call();
  } else if (std::holds_alternative<Ladder::WithdrawVerdict>(effect)) {
    withdraw_verdict(record_of(index));
  } else if (std::holds_alternative<Ladder::SpareTakesOver>(effect)) {
    if (const auto verdict = seat.ladder->verdict()) seat.verdict = death_of(*verdict);
    seat.state = core::SeatState::Condemned;
    // It takes no job any more: nobody is to hold a ring back because of it.
    if (seat.fault) clear_place(*board_, index), call();
    apply_plan(host_.loop().now());
  } else if (std::holds_alternative<Ladder::CaptureStack>(effect)) {
    StackDesk::Order order = stack_order(*seat.process, seat.fault, host_.loop().now());
    order.user = {config_.uid.value_or(::geteuid()), config_.uid ? config_.gid.value_or(::getegid()) : ::getegid()};
    order.process = {index_, index, owner.incarnation, record_of(index).started_ns};
    // SYNC: acquire, pairs with claim; the worker waits for us, or is held.
    order.job = running_job(sessions_, handlers_, seat.process->lane().words.intent.load(std::memory_order_acquire),
                            seat.process->lane());
    host_.stacks().capture(order, [this, index, incarnation = owner.incarnation] {
      const Seat& captured = seats_[index];
      if (!captured.process || captured.process->place().owner.incarnation != incarnation) return;
      step(index, Ladder::CaptureEnded{});
      update();
    });
  } else if (std::holds_alternative<Ladder::LetGo>(effect)) {
    let_go(control);
  } else if (std::holds_alternative<Ladder::Kill>(effect)) {
    ++book_.tally().kills;
    host_.keeper().signal(owner.worker, owner.incarnation, SIGKILL);
  } else if (std::holds_alternative<Ladder::ReportProtocolViolation>(effect)) {
    if (const Session* session = sessions_.at(intent.session)) {
      host_.sessions().broken(intent.session, session->serial, "it altered the word of a running job");
    }
  }
  // Settle: on_exit reaps whether or not there was a ladder.
}

void Pool::condemn_slot(core::Seat index) {
  Seat& seat = seats_[index];
  const Intent intent = unpacked(seat.ladder->intent());
  const Session* session = sessions_.at(intent.session);
  if (session == nullptr) return step(index, core::KillLadder::CondemnLost{});
  const Owner owner = seat.process->place().owner;
  const Sentence sentence = pass_sentence(session->reply, seat.process->lane(), intent, owner);
  if (sentence == Sentence::Forged) {
    host_.sessions().broken(intent.session, session->serial, "it made a job look as if a worker ran it");
  }
  if (sentence == Sentence::Kill) return step(index, core::KillLadder::CondemnWon{});
  step(index, core::KillLadder::CondemnLost{});
}

void Pool::reread_lane(core::Seat index) {
  Seat& seat = seats_[index];
  const Intent intent = unpacked(seat.ladder->intent());
  const Session* session = sessions_.at(intent.session);
  // Between a worker's intent and its claim the first CAS finds the slot still Ready; now it may succeed.
  if (session != nullptr &&
      pass_sentence(session->reply, seat.process->lane(), intent, seat.process->place().owner) == Sentence::Kill) {
    seat.ladder = core::KillLadder::resume(seat.ladder->intent(), ladder_config(seat),
                                           seat.ladder->verdict().value_or(core::Verdict::TimedOut));
    return step(index, core::KillLadder::CondemnWon{});
  }
  step(index, core::KillLadder::LaneReread{packed(look_at_lane(seat.process->lane()).intent)});
}

// What a predecessor had begun: it goes on only where ledger and lane agree.
void Pool::resume_verdict(core::Seat index) {
  Seat& seat = seats_[index];
  if (!seat.process || !seat.ready) return;
  LedgerWorker& record = record_of(index);
  const LaneLook lane = look_at_lane(seat.process->lane());
  const core::TimePoint now = host_.loop().now();
  const auto standing = standing_verdict(record);
  const bool agreed = standing && lane.intent && standing->intent == *lane.intent;
  // Dead already: no sentence is left to carry out, and its pid may be another's by now.
  if (seat.state == core::SeatState::Condemned) {
    if (standing && !agreed) withdraw_verdict(record);
    return;
  }
  if (lane.intent && record.seen_intent.load(std::memory_order_acquire) == lane.intent->pack()) {  // SYNC: look_at_seat
    seat.watch.restore(packed(lane.intent), core::from_monotonic_ns(record.first_seen_ns), now);
    arm(seat, lane);
  }
  if (agreed) {
    seat.ladder = core::KillLadder::resume(packed(lane.intent), ladder_config(seat), verdict_of(standing->cause));
    return step(index, core::KillLadder::VerdictWritten{});
  }
  if (standing) withdraw_verdict(record);
  if (auto fault = said_fault(*seat.process)) return on_fault(index, std::move(*fault));
  seat.process->control().hold.store(0, std::memory_order_seq_cst);  // SYNC: pairs with claim.
  if (lane.intent) look_at_seat(index, now);
}

}  // namespace ringmaster
