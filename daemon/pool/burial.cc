#include "daemon/pool/burial.h"

#include <signal.h>

#include <algorithm>

#include "base/plant.h"
#include "daemon/core/job/retry_policy.h"
#include "daemon/log/log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/pool/book/kill_order.h"
#include "daemon/pool/seat/running_job.h"
#include "daemon/pool/worker/worker_fault.h"
#include "shm/port/hints.h"

namespace ringmaster::daemon {
namespace {

Cause cause_of_job(const core::DeathCause& death) {
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
    case core::DeathKind::CancelledByForce:
      break;
  }
  return death.by_signal ? Cause::CrashedSignal : Cause::CrashedExit;
}

// The run that the death cut short. The lane's stamp was written by the worker, so it must lie within its life. Without
// a lane, what the pool's last look recorded.
shm::LastRun last_run(const Burial::Dead& dead, const shm::LedgerWorker& record, std::uint64_t ended_ns) {
  shm::LastRun run;
  run.ended_ns = ended_ns;
  const bool recorded = record.incarnation == dead.owner.incarnation;
  if (dead.lane != nullptr) {
    run.intent_bits = dead.lane->words.intent.load(std::memory_order_acquire);  // SYNC: pairs with claim and finish.
    run.started_ns = dead.lane->words.stamp_ns.load(std::memory_order_relaxed);
  } else if (recorded) {
    run.intent_bits = record.seen_intent.load(std::memory_order_acquire);  // SYNC: before reading its time.
    run.started_ns = record.first_seen_ns;
  }
  const std::uint64_t born = recorded ? record.started_ns : 0;
  run.started_ns = std::max(std::min(run.started_ns, run.ended_ns), std::min(born, run.ended_ns));
  return run;
}

// One by force stands while its worker may end the job and begin another: that other is not what it is about.
bool is_about_its_last_job(const shm::Verdict& verdict, const shm::LaneRecord* lane) {
  // SYNC: the dead's last words.
  return lane == nullptr || lane->words.intent.load(std::memory_order_acquire) == verdict.intent.pack();
}

// Why the process ended, as far as we had a hand in it. A forced cancel excuses nobody whom we kill for another reason.
std::optional<core::DeathKind> wish_of(const Burial::Dead& dead) {
  if (!dead.verdict || (dead.wish && dead.verdict->cause == Cause::CancelledByForce)) return dead.wish;
  return core::death_by(*dead.verdict);
}

// By its lane: it stopped after its last job, and not within one.
bool has_left(const shm::LaneRecord& lane, std::uint64_t max_jobs) {
  // SYNC: acquire: the dead's last words.
  const std::uint32_t state = lane.words.state.load(std::memory_order_acquire);
  const bool in_job = lane.words.intent.load(std::memory_order_acquire) != 0;  // SYNC: as above.
  const bool stopped = state == static_cast<std::uint32_t>(shm::LaneState::Stopped) && has_worked(lane) && !in_job;
  return stopped || has_had_its_jobs(lane, max_jobs);
}

struct Places {
  std::uint64_t masks[shm::kBoardWords] = {};
};
// The seats that have a process. Bits of other seats, which the dead worker may have set, would keep clients from
// ringing for ever.
Places places_of(std::span<const Seat> seats) {
  Places places;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].process) places.masks[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return places;
}

// Under the status that the job's caller is told.
void count(shm::LedgerTally& tally, const shm::ReapedJob& job) {
  if (job.retried) {
    ++tally.retries;
    return;
  }
  switch (status_of(job.cause)) {
    case Status::TimedOut:
      ++tally.timed_out;
      break;
    case Status::Cancelled:
      ++tally.cancelled;
      break;
    case Status::Lost:
      ++tally.lost;
      break;
    case Status::Refused:
      ++tally.refused;
      break;
    default:
      ++tally.crashed;
      break;
  }
}

}  // namespace

Burial::Buried Burial::bury(const Scene& scene, const keeper::ExitRecord& exit) {
  const Dead dead = look(scene.seats, exit);
  const core::DeathCause cause = cause_of(dead, exit);
  Buried buried{dead.kin, dead.owner, {dead.seat, cause, dead.was_ready, 0, std::nullopt}};
  const shm::LastRun run = last_run(dead, record_of(dead.seat), exit.died_at_ns != 0 ? exit.died_at_ns : scene.now_ns);
  if (dead.kin != Kin::Stranger) {
    tell(dead, exit, cause, scene.now_ns);
    // Before its job is resolved: afterwards the job's submitter is not known.
    buried.died.charged = charge(dead, cause, run);
    if (dead.lane != nullptr) buried.died.jobs_finished = shm::finished_jobs(dead.lane->counters);
  }
  resolve(scene, dead, cause, run);
  acknowledge(dead);
  // An orphan that we killed says nothing about the pool.
  const bool ours = dead.killed_as_orphan && !dead.verdict && cause.kind != core::DeathKind::OutOfMemory;
  if (ours) buried.died.cause.kind = core::DeathKind::Recycled;
  return buried;
}

// It is being killed already: that its job is not tried again is all that is left to see to.
void Burial::note_forced(const Seat& seat, const shm::Intent& job) {
  const shm::Owner owner = seat.orphan->owner;
  shm::LedgerWorker& record = rooms_.ledger.workers[owner.worker];
  if (record.incarnation != owner.incarnation || seat.orphan->lane == nullptr) return;
  const shm::Verdict verdict{job, Cause::CancelledByForce, 0};
  if (is_about_its_last_job(verdict, seat.orphan->lane)) (void)shm::write_verdict(record, verdict);
}

Burial::Dead Burial::look(std::span<Seat> seats, const keeper::ExitRecord& exit) const {
  Dead dead;
  dead.seat = static_cast<core::SeatNumber>(exit.worker - first_worker_);
  dead.owner = {static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)};
  const shm::LedgerWorker& record = record_of(dead.seat);
  if (record.incarnation == exit.incarnation) {
    dead.verdict = shm::standing_verdict(record);
    dead.was_ready = (record.flags & shm::kLedgerReady) != 0;
    dead.order = kill_order(record);
  }
  Seat& seat = seats[dead.seat];
  if (seat.process && seat.process->name().owner == dead.owner) {
    dead.kin = Kin::Worker;
    dead.lane = &seat.process->lane();
    dead.cgroup = seat.process->cgroup();
    dead.was_ready = seat.ready;
    dead.wish = seat.verdict;
    dead.told_to_leave = seat.process->control().leave.load(std::memory_order_relaxed) != 0;
    dead.oom_kills_at_start = seat.oom_kills;
    dead.boot_error = seat.boot_error;
    seat.process->finish_output(log_of(*dead.lane, dead.owner));
  } else if (seat.orphan && seat.orphan->owner == dead.owner) {
    dead.kin = Kin::Orphan;
    dead.lane = seat.orphan->lane;
    dead.cgroup = seat.orphan->fds.cgroup.get();
    dead.killed_as_orphan = seat.orphan->killed || dead.order;
    dead.oom_kills_at_start = seat.oom_kills;
    if (seat.orphan->output)
      seat.orphan->output->finish(dead.lane != nullptr ? log_of(*dead.lane, dead.owner) : JobLog());
  }
  if (dead.verdict && !is_about_its_last_job(*dead.verdict, dead.lane)) dead.verdict.reset();
  return dead;
}

// The message log of the job that the dead worker had, if it read its own output and what is in the pipes is that
// job's: it goes there before the job's word is written.
JobLog Burial::log_of(const shm::LaneRecord& lane, shm::Owner owner) const {
  if (lane.reads_output.load(std::memory_order_relaxed) == 0) return {};
  const std::uint64_t bits = lane.words.intent.load(std::memory_order_acquire);  // SYNC: the dead's last words.
  if (lane.output_of.load(std::memory_order_acquire) != bits) return {};         // SYNC: as above.
  const auto intent = shm::Intent::unpack(bits);
  return intent ? JobLog::open(rooms_.sessions.at(intent->session), bits, owner) : JobLog();
}

core::DeathCause Burial::cause_of(const Dead& dead, const keeper::ExitRecord& exit) const {
  core::ExitFacts facts;
  facts.by_signal = exit.code != CLD_EXITED;
  facts.code_or_signal = exit.status;
  facts.was_ready = dead.was_ready;
  if (dead.lane != nullptr) facts.fault_signal = fault_signal(*dead.lane);
  facts.verdict = wish_of(dead);
  // What a predecessor had ordered, if nothing else is known. A SIGKILL from us does not explain a fault.
  const bool killed = exit.code != CLD_EXITED && exit.status == SIGKILL && !facts.fault_signal;
  if (!facts.verdict && killed && dead.kin == Kin::Worker) facts.verdict = dead.order;
  // A worker that left by itself, or whom a predecessor told to, if the word of it was lost with a supervisor.
  const bool left = dead.lane != nullptr && has_left(*dead.lane, config_.recycle.max_jobs);
  if (!facts.verdict && (left || dead.told_to_leave) && exit.code == CLD_EXITED && exit.status == 0) {
    facts.verdict = core::DeathKind::Recycled;
  }
  facts.out_of_memory = facts.by_signal && exit.status == SIGKILL && !facts.verdict && ports_.out_of_memory(dead);
  return core::classify_death(facts);
}

void Burial::tell(const Dead& dead, const keeper::ExitRecord& exit, const core::DeathCause& cause,
                  std::uint64_t now_ns) {
  const bool wanted = core::wanted(cause.kind);
  const bool orphan = dead.kin == Kin::Orphan;
  std::string text = core::to_string(cause);
  if (!dead.boot_error.empty()) text += ": " + dead.boot_error;
  if (!wanted || orphan) {
    PoolBook::Death death{dead.seat, exit.incarnation, record_of(dead.seat).started_ns, {}, cause, text, {}};
    if (orphan) death.text += ", as it could not be taken over";
    if (dead.lane != nullptr) {
      // SYNC: pairs with claim and finish of the dead worker.
      const std::uint64_t intent = dead.lane->words.intent.load(std::memory_order_acquire);
      death.job = running_job(rooms_.sessions, rooms_.handlers, intent, *dead.lane);
    }
    if (exit.code == CLD_DUMPED) death.core_place = core_place();
    rooms_.book.note_death(death, now_ns);
  }
  const auto say = wanted && !orphan ? &log_info : &log_warning;
  say(orphan ? "worker that could not be taken over ended" : "worker ended",
      {{"pool", config_.name},
       {"seat", dead.seat},
       {"pid", exit.pid},
       {"cause", text},
       {"jobs", dead.lane != nullptr ? shm::finished_jobs(dead.lane->counters) : 0},
       {"max_rss", core::kib(exit.max_rss_kib)},
       {"stack", wanted ? std::string{} : rooms_.book.last_stack(dead.seat)}});
}

// Charges the submitter of the worker's last job; nullopt: the death counts against the pool.
std::optional<core::Uid> Burial::charge(const Dead& dead, const core::DeathCause& cause,
                                        const shm::LastRun& run) const {
  PoolCharges::Death death;
  death.owner = dead.owner;
  death.cause = cause;
  death.at_ns = run.ended_ns;
  death.lane = dead.lane;
  death.maybe_outside = cause.from_outside;
  const auto running = shm::Intent::unpack(run.intent_bits);
  if (const Session* session = running ? rooms_.sessions.at(running->session) : nullptr) {
    death.running_uid = submitter_of(*session, running->slot, running->seq);
  }
  return ports_.charge(death);
}

void Burial::resolve(const Scene& scene, const Dead& dead, const core::DeathCause& cause, const shm::LastRun& run) {
  shm::DeathReport death;
  death.owner = dead.owner;
  death.intent_known = dead.lane != nullptr;
  if (dead.lane != nullptr) death.intent_bits = run.intent_bits;
  death.cause = cause_of_job(cause);
  if (death.cause == Cause::Lost) death.cause = scene.lost_as;
  death.detail = static_cast<std::uint16_t>(cause.detail);
  death.verdict = dead.verdict;
  death.run = run;
  const auto jobs = reap_jobs(scene, dead, death);
  // A new process in the seat needs its bits: without them nobody would ring for it.
  const auto& living = scene.seats[dead.seat].process;
  if (!living || living->name().owner == dead.owner) shm::clear_place(scene.board, dead.seat);
  shm::clear_strangers(scene.board, places_of(scene.seats).masks);
  ports_.call_workers();
  for (const shm::ReapedJob& job : jobs) account(job, dead, cause);
}

std::vector<shm::ReapedJob> Burial::reap_jobs(const Scene& scene, const Dead& dead, const shm::DeathReport& death) {
  std::vector<shm::ReapTarget> targets;
  for (const auto& [at, session] : rooms_.sessions.all()) {
    targets.push_back({at, session->serial, session->request, session->reply, session->opened_ns});
  }
  // Before its job is resolved, so that a successor sees whether the death was counted. A stranger was counted by the
  // predecessor.
  if (dead.kin != Kin::Stranger) {
    rooms_.book.add_counts(dead.owner, dead.lane, shm::times_cut_short(targets, death));
  }
  // If the record belongs to a later incarnation, it must not be changed.
  shm::LedgerWorker elsewhere{};
  shm::LedgerWorker& record = record_of(dead.seat);
  shm::LedgerWorker& counted = record.incarnation == dead.owner.incarnation ? record : elsewhere;
  return shm::reap(targets, death, [&](std::uint64_t job_id, bool idempotent, unsigned) {
    // The worker died because we ended it: the job is not to blame.
    if (death.cause == scene.lost_as)
      return idempotent && !scene.stopping ? shm::AfterCrash::Retry : shm::AfterCrash::Fail;
    const unsigned crashes = shm::count_crash(rooms_.ledger, counted, job_id, death.detail);
    return core::decide_retry(
        {idempotent || planted(Plant::RetryAny), planted(Plant::RetryForever) ? 1 : crashes, config_.retries});
  });
}

void Burial::account(const shm::ReapedJob& job, const Dead& dead, const core::DeathCause& cause) {
  const Session* session = rooms_.sessions.at(job.session);
  count(rooms_.book.tally(), job);
  if (!job.retried) shm::forget_crashes(rooms_.ledger, job.job_id);
  const bool forced = job.cause == Cause::CancelledByForce && cause.kind == core::DeathKind::CancelledByForce;
  const auto uid = session != nullptr ? submitter_of(*session, job.slot, job.seq) : std::nullopt;
  if (uid && !forced) rooms_.fates.count_crash(*uid);
  const auto say = forced ? &log_info : &log_warning;
  say(job.retried ? "job lost its worker and is tried again" : "job lost its worker",
      {{"pool", config_.name},
       {"seat", dead.seat},
       {"job", job.job_id},
       {"handler", rooms_.handlers.name_of(job.handler)},
       {"label", job.label},
       {"outcome", job.retried ? std::string_view{"retried"} : to_string(job.cause)},
       {"cause", core::to_string(cause)}});
  if (job.forged && session != nullptr) {
    rooms_.fates.broken(job.session, session->serial, "it made a job look as if a worker ran it");
  }
}

void Burial::acknowledge(const Dead& dead) {
  shm::LedgerWorker& record = record_of(dead.seat);
  if (dead.kin != Kin::Stranger) {
    record.verdict_intent.store(0, std::memory_order_release);  // SYNC: after the job is resolved.
    record.state.store(static_cast<std::uint32_t>(shm::LedgerState::Empty), std::memory_order_release);  // SYNC
  }
  rooms_.keeper.ack_exit(dead.owner.worker, dead.owner.incarnation);
  rooms_.keeper.release_later(WorkerFds::deposits_of(dead.owner));
}

}  // namespace ringmaster::daemon
