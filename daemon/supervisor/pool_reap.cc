#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/core/retry_policy.h"
#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "daemon/supervisor/worker_fault.h"
#include "shm/base/plant.h"
#include "shm/hints.h"

// The deaths of a pool's workers, and what a successor takes up of them.
namespace ringmaster {
namespace {

core::DeathKind kind_of(const Verdict& verdict) {
  if (verdict.cause == Cause::RunTimeout) return core::DeathKind::TimedOut;
  if (verdict.cause == Cause::Cancelled) return core::DeathKind::Cancelled;
  return verdict.cause == Cause::Lost ? core::DeathKind::Shutdown : core::DeathKind::ProtocolViolation;
}

Cause cause_of(const core::DeathCause& death) {
  switch (death.kind) {
    case core::DeathKind::OutOfMemory:
      return Cause::OutOfMemory;
    case core::DeathKind::Shutdown:
    case core::DeathKind::Clean:
    case core::DeathKind::Recycled:
      return Cause::Lost;
    case core::DeathKind::BootFailure:
    case core::DeathKind::ExitCode:
    case core::DeathKind::Signal:
    case core::DeathKind::TimedOut:
    case core::DeathKind::ProtocolViolation:
    case core::DeathKind::Cancelled:
      break;
  }
  return death.by_signal ? Cause::CrashedSignal : Cause::CrashedExit;
}

// What it was running. The lane's stamp is the worker's word: believed within its life. Without a lane, what a look has
// last put on record.
LastRun last_run(const LaneRecord* lane, const LedgerWorker& record, const keeper::ExitRecord& exit) {
  LastRun run;
  run.ended_ns = exit.died_at_ns != 0 ? exit.died_at_ns : monotonic_ns();
  if (lane != nullptr) {
    run.intent_bits = lane->words.intent.load(std::memory_order_acquire);  // SYNC: the dead's last words.
    run.started_ns = lane->words.stamp_ns.load(std::memory_order_relaxed);
  } else if (record.incarnation == exit.incarnation) {
    run.intent_bits = record.seen_intent.load(std::memory_order_acquire);  // SYNC: before its time.
    run.started_ns = record.first_seen_ns;
  }
  const std::uint64_t born = record.incarnation == exit.incarnation ? record.started_ns : 0;
  run.started_ns = std::max(std::min(run.started_ns, run.ended_ns), std::min(born, run.ended_ns));
  return run;
}

// Its own cgroup knows; without one, a rise of the machine's count is the best guess.
bool killed_for_memory(const PoolSeat& seat, const core::OomBaseline& baseline) {
  const auto known = WorkerCgroups::out_of_memory(seat.process->cgroup());
  return known ? *known : baseline.rose(oom_kills(), seat.oom_kills);
}

struct Places {
  std::uint64_t masks[kBoardWords] = {};
};
// Those that have a process. What the dead may have written for the others would hold rings back for ever.
Places places_of(std::span<const PoolSeat> seats) {
  Places places;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].process) places.masks[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return places;
}

}  // namespace

void Pool::adopt(std::uint16_t index, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead) {
  Seat& seat = seats_[index];
  LedgerWorker& record = record_of(index);
  const Owner owner{static_cast<std::uint16_t>(first_worker_ + index), static_cast<std::uint16_t>(incarnation)};
  auto process =
      WorkerProcess::adopt({owner, index_, config_.name, index}, fds, pid, (record.flags & kLedgerReady) != 0);
  if (!process) {
    log_warning("worker cannot be taken over and is killed",
                {{"pool", config_.name}, {"worker", index}, {"reason", process.error().message}});
    return keep_orphan(static_cast<core::Seat>(index), owner, pid, std::move(fds), dead);
  }
  WorkerProcess& adopted = **process;
  seat.process = std::move(*process);
  charges_.show(seat.process->control());
  seat.started = core::from_monotonic_ns(record.started_ns);
  seat.ready = (record.flags & kLedgerReady) != 0;
  seat.oom_kills = oom_kills();
  seat.memory = host_.cgroups().guard(adopted.cgroup(), config_.memory_max);
  if (dead) {
    seat.state = core::SeatState::Condemned;
    return;
  }
  listen(static_cast<core::Seat>(index), adopted);
  if (!seat.ready) {
    // Part of what it said went to the predecessor; a fresh process is simpler than guessing what.
    return kill(seat, core::DeathKind::Recycled);
  }
  available(core::Availability::Event::BecameReady);
  seat.state = (record.flags & kLedgerSpare) != 0 ? core::SeatState::Spare : core::SeatState::Active;
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::BecameReady{static_cast<core::Seat>(index)}));
  if (seat.process->control().drain.load(std::memory_order_relaxed) != 0) {
    // The predecessor wanted it to exit; the reason died with it, the message may have.
    seat.leaving = true;
    seat.verdict = core::DeathKind::Recycled;
    seat.state = core::SeatState::Draining;
    return seat.process->send(worker_link::Exit{});
  }
  // Where the predecessor died between its ledger and its message, the message is what is missing.
  seat.process->send(worker_link::Drain{seat.state == core::SeatState::Spare || gate_shut_});
}

void Pool::keep_orphan(core::Seat index, Owner owner, std::int32_t pid, WorkerFds fds, bool dead) {
  Seat& seat = seats_[index];
  PoolOrphan& orphan = seat.orphan.emplace();
  orphan.owner = owner;
  orphan.pid = pid;
  orphan.killed = !dead;
  orphan.fds = std::move(fds);
  auto lane = orphan.fds.lane ? Mapping::map(orphan.fds.lane.get(), Access::ReadOnly) : Result<Mapping>(Error{"none"});
  if (lane) {
    orphan.lane_map = std::move(*lane);
    orphan.lane = open_lane(orphan.lane_map.bytes());
  }
  auto control =
      orphan.fds.control ? Mapping::map(orphan.fds.control.get(), Access::ReadWrite) : Result<Mapping>(Error{"none"});
  if (control) orphan.control_map = std::move(*control);
  orphan.output = std::make_unique<OutputDrain>();
  orphan.output->set_pid(pid);
  orphan.output->start(host_.loop(), config_.name, index, orphan.fds.out.get(), orphan.fds.err.get(),
                       {orphan.lane, open_control(orphan.control_map.bytes())},
                       [this](std::uint64_t intent) { return sessions_.job_id_of(intent); });
  // For the plan it is one that leaves: its seat is taken, and another gets the job of a worker.
  seat.state = core::SeatState::Condemned;
  if (!dead) kill_orphan(seat);
}

void Pool::kill_orphan(const Seat& seat) {
  if (seat.orphan) host_.keeper().signal(seat.orphan->owner.worker, seat.orphan->owner.incarnation, SIGKILL);
}

void Pool::on_exit(const keeper::ExitRecord& exit) {
  const auto index = static_cast<core::Seat>(exit.worker - first_worker_);
  Seat& seat = seats_[index];
  if (!seat.process || seat.process->place().owner.incarnation != exit.incarnation) return reap_unadopted(index, exit);
  seat.process->finish_output();
  const std::uint64_t jobs = finished_jobs(seat.process->lane().counters);
  const auto standing = standing_verdict(record_of(index));

  core::ExitFacts facts;
  facts.by_signal = exit.code != CLD_EXITED;
  facts.code_or_signal = exit.status;
  facts.was_ready = seat.ready;
  facts.fault_signal = fault_signal(seat.process->lane());
  facts.verdict = standing ? kind_of(*standing) : seat.verdict;
  facts.out_of_memory =
      facts.by_signal && exit.status == SIGKILL && !facts.verdict && killed_for_memory(seat, oom_baseline_);
  const core::DeathCause cause = core::classify_death(facts);

  std::string text = core::to_string(cause);
  if (!seat.boot_error.empty()) text += ": " + seat.boot_error;
  const bool wanted = cause.kind == core::DeathKind::Clean || cause.kind == core::DeathKind::Recycled ||
                      cause.kind == core::DeathKind::Shutdown;
  if (!wanted) note_incident(index, cause, text, exit, &seat.process->lane());
  const auto say = wanted ? &log_info : &log_warning;
  say("worker ended", {{"pool", config_.name},
                       {"worker", index},
                       {"pid", exit.pid},
                       {"cause", text},
                       {"jobs", jobs},
                       {"max_rss", core::kib(exit.max_rss_kib)},
                       {"stack", wanted ? std::string{} : book_.last_stack(index)}});

  // Before its job is resolved: afterwards nothing tells whose it was.
  const auto charged = charge(exit, cause, &seat.process->lane());
  reap_dead(seat, exit, cause);
  const WorkerPlace place = seat.process->place();
  record_of(index).verdict_intent.store(0, std::memory_order_release);  // SYNC: the reaping is done.
  record_of(index).state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);  // SYNC
  host_.keeper().ack_exit(exit.worker, exit.incarnation);
  host_.keeper().release_later(WorkerFds::deposits_of(place.owner));
  seat.memory = {};
  const bool was_ready = seat.ready;
  // Between two looks it may have finished its first job and died.
  if (jobs != 0 && !seat.first_job_seen) {
    on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::FinishedFirstJob{index}));
  }
  // Who is killed from outside says nothing of the pool here; its policy counts those of a pool that never proved
  // itself.
  if (!was_ready && !wanted && !cause.from_outside) available(core::Availability::Event::BootFailed);
  seat.process.reset();
  host_.cgroups().remove(place.owner);
  seat.ladder.reset();
  seat.watch.clear();
  seat.ready = false;
  seat.state = core::SeatState::Empty;
  sessions_.process_gone(place.owner);
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::Died{index, cause, was_ready, jobs, charged}));
  update();
}

// To whoever its last job was for; nullopt: it judges the pool.
std::optional<core::Uid> Pool::charge(const keeper::ExitRecord& exit, const core::DeathCause& why,
                                      const LaneRecord* lane) {
  PoolCharges::Death death;
  death.owner = {static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)};
  death.cause = why;
  death.at_ns = exit.died_at_ns != 0 ? exit.died_at_ns : monotonic_ns();
  death.lane = lane;
  death.maybe_outside = why.from_outside;
  const LedgerWorker& record = record_of(static_cast<core::Seat>(exit.worker - first_worker_));
  const auto running = Intent::unpack(last_run(lane, record, exit).intent_bits);
  if (const Session* session = running ? sessions_.at(running->session) : nullptr) {
    death.running_uid = submitter_of(*session, running->slot, running->seq);
  }
  return charges_.bury(death);
}

void Pool::reap_dead(Seat& seat, const keeper::ExitRecord& exit, const core::DeathCause& cause) {
  const WorkerPlace& place = seat.process->place();
  LedgerWorker& record = record_of(place.seat);
  DeathReport death;
  death.owner = place.owner;
  death.intent_bits =
      seat.process->lane().words.intent.load(std::memory_order_acquire);  // SYNC: the dead's last words.
  death.detail = static_cast<std::uint16_t>(cause.detail);
  death.verdict = standing_verdict(record);
  death.run = last_run(&seat.process->lane(), record, exit);
  reap_owner(place.seat, death, record, cause);
}

// The exit of a process that this supervisor has no WorkerProcess for: of an orphan; or of an incarnation that has no
// seat, where the predecessor had reaped it already (then nothing is found) or never published it.
void Pool::reap_unadopted(core::Seat index, const keeper::ExitRecord& exit) {
  Seat& seat = seats_[index];
  LedgerWorker& record = record_of(index);
  const Owner owner{static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)};
  const bool is_orphan = seat.orphan && seat.orphan->owner == owner;
  const bool recorded = record.incarnation == exit.incarnation;
  const LaneRecord* lane = is_orphan ? seat.orphan->lane : nullptr;
  if (is_orphan) seat.orphan->output->finish();

  DeathReport death;
  death.owner = owner;
  death.intent_known = lane != nullptr;
  if (lane != nullptr) death.intent_bits = lane->words.intent.load(std::memory_order_acquire);  // SYNC: as reap_dead.
  if (recorded) death.verdict = standing_verdict(record);
  death.run = last_run(lane, record, exit);
  core::ExitFacts facts;
  facts.by_signal = exit.code != CLD_EXITED;
  facts.code_or_signal = exit.status;
  facts.was_ready = recorded && (record.flags & kLedgerReady) != 0;
  if (lane != nullptr) facts.fault_signal = fault_signal(*lane);
  if (death.verdict) facts.verdict = kind_of(*death.verdict);
  core::DeathCause cause = core::classify_death(facts);
  death.detail = static_cast<std::uint16_t>(cause.detail);
  const auto charged = is_orphan ? charge(exit, cause, lane) : std::nullopt;
  // The record is a later incarnation's: what it has counted is not to be touched.
  LedgerWorker elsewhere{};
  reap_owner(index, death, recorded ? record : elsewhere, cause);
  const WorkerPlace place{owner, index_, config_.name, index};
  host_.cgroups().remove(owner);
  if (!is_orphan) {
    host_.keeper().ack_exit(exit.worker, exit.incarnation);
    return host_.keeper().release_later(WorkerFds::deposits_of(place.owner));
  }
  const std::uint64_t jobs = lane != nullptr ? finished_jobs(lane->counters) : 0;
  log_warning("worker that could not be taken over ended",
              {{"pool", config_.name}, {"worker", index}, {"pid", exit.pid}, {"cause", core::to_string(cause)}});
  note_incident(index, cause, core::to_string(cause) + ", as it could not be taken over", exit, lane);
  record.verdict_intent.store(0, std::memory_order_release);  // SYNC: the reaping is done.
  record.state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);  // SYNC
  host_.keeper().ack_exit(exit.worker, exit.incarnation);
  host_.keeper().release_later(WorkerFds::deposits_of(place.owner));
  // That we could not adopt it says nothing about the pool.
  if (seat.orphan->killed && !death.verdict) cause.kind = core::DeathKind::Recycled;
  seat.orphan.reset();
  seat.state = core::SeatState::Empty;
  sessions_.process_gone(owner);
  on_policy(
      policy_.handle(host_.loop().now(), core::RestartPolicy::Died{index, cause, facts.was_ready, jobs, charged}));
  update();
}

void Pool::reap_owner(core::Seat index, DeathReport death, LedgerWorker& counted, const core::DeathCause& cause) {
  death.cause = cause_of(cause);
  std::vector<ReapTarget> targets;
  for (const auto& [at, session] : sessions_.all()) {
    targets.push_back({at, session->serial, session->request, session->reply, session->opened_ns});
  }
  // Before its job is resolved, for a successor that finds the one without the other. An incarnation that has no seat
  // was booked by the predecessor.
  const Seat& seat = seats_[index];
  if (seat.process && seat.process->place().owner == death.owner) {
    book_.add_counts(death.owner, &seat.process->lane(), times_cut_short(targets, death));
  } else if (seat.orphan && seat.orphan->owner == death.owner) {
    book_.add_counts(death.owner, seat.orphan->lane, times_cut_short(targets, death));
  }
  LedgerRecord& ledger = host_.ledger_record();
  const auto jobs = reap(targets, death, [&](std::uint64_t job_id, bool idempotent, unsigned) {
    // A job that lost its worker to our own wish to end it has done nothing wrong.
    if (death.cause == Cause::Lost) return idempotent && !drain_.stopping() ? AfterCrash::Retry : AfterCrash::Fail;
    const unsigned crashes = count_crash(ledger, counted, job_id, death.detail);
    switch (core::decide_retry(
        {idempotent || planted(Plant::RetryAny), planted(Plant::RetryForever) ? 1 : crashes, config_.retries})) {
      case core::RetryDecision::Retry:
        return AfterCrash::Retry;
      case core::RetryDecision::FailCrashed:
        return AfterCrash::Fail;
      case core::RetryDecision::Poison:
        return AfterCrash::Poison;
    }
    return AfterCrash::Fail;
  });
  // A living process of the seat has bits of its own by now, and without them nobody would ring it.
  if (!seat.process || seat.process->place().owner == death.owner) clear_place(*board_, index);
  clear_strangers(*board_, places_of(seats_).masks);
  call();
  for (const ReapedJob& job : jobs) account(job, cause, index);
}

void Pool::account(const ReapedJob& job, const core::DeathCause& cause, core::Seat seat) {
  const Session* session = sessions_.at(job.session);
  if (job.retried) {
    ++book_.tally().retries;
  } else {
    forget_crashes(host_.ledger_record(), job.job_id);
    if (job.cause == Cause::RunTimeout) {
      ++book_.tally().timed_out;
    } else if (job.cause == Cause::Cancelled) {
      ++book_.tally().cancelled;
    } else if (job.cause == Cause::Lost) {
      ++book_.tally().lost;
    } else {
      ++book_.tally().crashed;
    }
  }
  if (const auto uid = session != nullptr ? submitter_of(*session, job.slot, job.seq) : std::nullopt) {
    host_.sessions().count_crash(*uid);
  }
  log_warning(job.retried ? "job lost its worker and is tried again" : "job lost its worker",
              {{"pool", config_.name},
               {"worker", seat},
               {"job", job.job_id},
               {"handler", handlers_.name_of(job.handler)},
               {"outcome", job.retried ? std::string_view{"retried"} : to_string(job.cause)},
               {"cause", core::to_string(cause)}});
  if (job.forged && session != nullptr) {
    host_.sessions().broken(job.session, session->serial, "it made a job look as if a worker ran it");
  }
}

}  // namespace ringmaster
