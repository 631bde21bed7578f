#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/core/retry_policy.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "daemon/supervisor/session_desk.h"
#include "proto/handler_id.h"
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

}  // namespace

void Pool::adopt(std::uint16_t index, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead) {
  Seat& seat = seats_[index];
  LedgerWorker& record = record_of(index);
  const Owner owner{static_cast<std::uint16_t>(first_worker_ + index), static_cast<std::uint16_t>(incarnation)};
  auto process = WorkerProcess::adopt({owner, index_, config_.name, index}, std::move(fds), pid);
  if (!process) {
    log_warning("worker cannot be taken over and is killed",
                {{"pool", config_.name}, {"worker", index}, {"reason", process.error().message}});
    if (!dead) host_.keeper().signal(owner.worker, owner.incarnation, SIGKILL);
    return;
  }
  seat.process = std::move(*process);
  seat.started = core::from_monotonic_ns(record.started_ns);
  seat.ready = (record.flags & kLedgerReady) != 0;
  seat.oom_kills = oom_kills();
  if (dead) {
    seat.state = core::SeatState::Condemned;
    return;
  }
  listen(static_cast<core::Seat>(index));
  if (!seat.ready) {
    // Part of what it said went to the predecessor; a fresh process is simpler than guessing what.
    return kill(seat, core::DeathKind::Recycled);
  }
  was_ready_ = true;
  seat.state = (record.flags & kLedgerSpare) != 0 ? core::SeatState::Spare : core::SeatState::Active;
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::BecameReady{static_cast<core::Seat>(index)}));
  // Where the predecessor died between its ledger and its message, the message is what is missing.
  seat.process->send(worker_link::Drain{seat.state == core::SeatState::Spare});
}

void Pool::on_exit(const keeper::ExitRecord& exit) {
  const auto index = static_cast<core::Seat>(exit.worker - first_worker_);
  Seat& seat = seats_[index];
  if (!seat.process || seat.process->place().owner.incarnation != exit.incarnation) {
    const Owner owner{static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)};
    release_deposits({owner, index_, config_.name, index});
    host_.cgroups().remove(owner);
    return host_.keeper().ack_exit(exit.worker, exit.incarnation);
  }
  seat.process->finish_output();
  const LaneCounters& counters = seat.process->lane().counters;
  const std::uint64_t jobs =
      counters.done.load(std::memory_order_relaxed) + counters.failed.load(std::memory_order_relaxed);
  const auto standing = standing_verdict(record_of(index));

  core::ExitFacts facts;
  facts.by_signal = exit.code != CLD_EXITED;
  facts.code_or_signal = exit.status;
  facts.was_ready = seat.ready;
  facts.verdict = standing ? kind_of(*standing) : seat.verdict;
  facts.out_of_memory = facts.by_signal && exit.status == SIGKILL && !facts.verdict && killed_for_memory(seat);
  const core::DeathCause cause = core::classify_death(facts);

  const std::string stack = standing ? seat.last_stack : std::string{};
  std::string text = core::to_string(cause);
  if (!seat.boot_error.empty()) text += ": " + seat.boot_error;
  const bool wanted = cause.kind == core::DeathKind::Clean || cause.kind == core::DeathKind::Recycled ||
                      cause.kind == core::DeathKind::Shutdown;
  const auto say = wanted ? &log_info : &log_warning;
  say("worker ended", {{"pool", config_.name},
                       {"worker", index},
                       {"pid", exit.pid},
                       {"cause", text},
                       {"jobs", jobs},
                       {"max_rss", core::kib(exit.max_rss_kib)},
                       {"stack", stack}});
  if (!wanted) seat.last_death = last_death_ = text;
  if (!standing) seat.last_stack.clear();
  ++tally_.deaths;

  reap_dead(seat, exit, cause);
  add_lane(tally_, seat.process->lane());
  const WorkerPlace place = seat.process->place();
  record_of(index).verdict_intent.store(0, std::memory_order_release);  // SYNC: the reaping is done.
  record_of(index).state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);  // SYNC
  host_.keeper().ack_exit(exit.worker, exit.incarnation);
  release_deposits(place);
  seat.process->fds().cgroup.reset();
  host_.cgroups().remove(place.owner);
  const bool was_ready = seat.ready;
  if (!was_ready && !wanted && ++boot_failures_ > seats_.size() && !was_ready_) {
    failed_for_now_ = true;
    tell_waiting_for_handlers();
  }
  seat.process.reset();
  seat.ladder.reset();
  seat.watch.clear();
  seat.ready = false;
  seat.state = core::SeatState::Empty;
  gone(owner_key(place.owner));
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::Died{index, cause, was_ready, jobs}));
  update();
}

// Its own cgroup knows; without one, a rise of the machine's count is the best guess.
bool Pool::killed_for_memory(Seat& seat) const {
  const auto known = WorkerCgroups::out_of_memory(seat.process->fds().cgroup.get());
  return known ? *known : oom_baseline_.rose(oom_kills(), seat.oom_kills);
}

void Pool::reap_dead(Seat& seat, const keeper::ExitRecord& exit, const core::DeathCause& cause) {
  const WorkerPlace& place = seat.process->place();
  LedgerWorker& record = record_of(place.seat);
  DeathReport death;
  death.owner = place.owner;
  death.intent_bits =
      seat.process->lane().words.intent.load(std::memory_order_acquire);  // SYNC: the dead's last words.
  death.cause = cause_of(cause);
  death.detail = static_cast<std::uint16_t>(exit.status);
  death.verdict = standing_verdict(record);
  std::vector<ReapTarget> targets;
  for (const auto& [index, session] : sessions_) {
    targets.push_back({index, session->serial, session->request, session->reply});
  }
  LedgerRecord& ledger = host_.ledger_record();
  const auto jobs = reap(targets, death, [&](std::uint64_t job_id, bool idempotent, unsigned) {
    // A job that lost its worker to our own wish to end it has done nothing wrong.
    if (death.cause == Cause::Lost) return idempotent && !drain_.stopping() ? AfterCrash::Retry : AfterCrash::Fail;
    const unsigned crashes = count_crash(ledger, record, job_id, death.detail);
    switch (core::decide_retry({idempotent, crashes, config_.retries})) {
      case core::RetryDecision::Retry:
        return AfterCrash::Retry;
      case core::RetryDecision::FailCrashed:
        return AfterCrash::Fail;
      case core::RetryDecision::Poison:
        return AfterCrash::Poison;
    }
    return AfterCrash::Fail;
  });
  clear_spin(*board_, place.seat);
  clear_idle(*board_, place.seat);
  ring();
  for (const ReapedJob& job : jobs) account(job, cause, seat);
}

void Pool::account(const ReapedJob& job, const core::DeathCause& cause, const Seat& seat) {
  const Session* session = session_at(job.session);
  if (job.retried) {
    ++tally_.retries;
  } else {
    forget_crashes(host_.ledger_record(), job.job_id);
    if (job.cause == Cause::RunTimeout) {
      ++tally_.timed_out;
    } else if (job.cause == Cause::Cancelled) {
      ++tally_.cancelled;
    } else if (job.cause == Cause::Lost) {
      ++tally_.lost;
    } else {
      ++tally_.crashed;
    }
  }
  if (session != nullptr && !session->internal()) {
    host_.sessions().quota().count_crash(host_.loop().now(), session->uid);
  }
  std::string handler;
  for (const HandlerDescription& one : handlers_) {
    if (handler_id(one.name) == job.handler) handler = one.name;
  }
  log_warning(job.retried ? "job lost its worker and is tried again" : "job lost its worker",
              {{"pool", config_.name},
               {"worker", seat.process->place().seat},
               {"job", job.job_id},
               {"handler", handler},
               {"outcome", job.retried ? std::string_view{"retried"} : to_string(job.cause)},
               {"cause", core::to_string(cause)}});
  if (job.forged && session != nullptr) {
    host_.sessions().session_broken(job.session, session->serial, "it made a job look as if a worker ran it");
  }
}

void Pool::add_lane(Tally& tally, const LaneRecord& lane) const {
  tally.done += lane.counters.done.load(std::memory_order_relaxed);
  tally.failed += lane.counters.failed.load(std::memory_order_relaxed);
  tally.missed_wakes += lane.counters.missed_wakes.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kHistogramBuckets; ++i) {
    tally.queue[i] += lane.queue_ns[i].load(std::memory_order_relaxed);
    tally.run[i] += lane.run_ns[i].load(std::memory_order_relaxed);
  }
}

}  // namespace ringmaster
