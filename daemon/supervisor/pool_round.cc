#include <algorithm>

#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"

// The round of a pool, which follows every event: look, decide, act, arm.
namespace ringmaster {
namespace {

// A look that nobody asked for, should a ring get lost. At whole multiples, so that all pools take one wake-up.
constexpr core::Duration kIdleLook = std::chrono::seconds{10};
core::Duration until_idle_look(core::TimePoint now) { return kIdleLook - now.time_since_epoch() % kIdleLook; }
constexpr core::Duration kKillRepeat = std::chrono::seconds{1};
// For a session that a worker could not be given.
constexpr core::Duration kOwedRetry = std::chrono::milliseconds{100};

}  // namespace

void Pool::round() {
  if (!started_) return;
  const core::TimePoint now = host_.loop().now();
  if (std::exchange(look_due_, false)) {
    look(now);
    for (Seat& seat : seats_) pass_time(seat, now);
  }
  on_policy(policy_.handle(now, core::RestartPolicy::TimerFired{}));
  if (drain_.deadline_passed(now, crew())) kill_running(now);
  drain_.step(now, crew());
  apply_plan(now);
  // A message wakes its worker, and one that is awake takes a job without a ring.
  for (Seat& seat : seats_) {
    if (seat.process && seat.process->take_told()) looks_.wake(now, shortest_run());
  }
  arm(now);
  host_.pool_changed();
}

void Pool::look(core::TimePoint now) {
  const core::Duration late = looks_.lateness(now);
  if (late > core::Duration::zero()) {
    for (Seat& seat : seats_) seat.run.extend(now, late);
  }
  const bool slept = bell_watch_.armed();
  bell_watch_.disarm();
  bell_watch_.forget();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& process = seats_[i].process;
    if (!process) continue;
    look_at_first_job(static_cast<core::Seat>(i), now);
    watcher_.look(seats_[i], now);
    if (seats_[i].memory.over(now) && !seats_[i].verdict) {
      log_warning("worker has more memory of its own than memory_max, and is killed",
                  {{"pool", config_.name}, {"worker", i}, {"memory_max", config_.memory_max}});
      orders_.kill(seats_[i], core::DeathKind::OutOfMemory);
    }
    statistics_.note_process(static_cast<core::Seat>(i), process->place().owner.incarnation, process->pid(), now);
  }
  if (config_.memory_max.value != 0 && host_.cgroups().limits_memory()) host_.sessions().end_those_with_holes();
  const auto now_ns = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (!drain_.accepts_jobs() && !drain_.stopping()) drain_.refuse_late_jobs(crew());
  queues_.look(now_ns);
  if (!host_.cgroups().limits_memory() && oom_baseline_.due(now_ns)) oom_baseline_.note(now_ns, oom_kills());
  const bool is_idle = idle();
  // The last look before a sleep too: nothing is done between it and the next.
  if (slept || is_idle || statistics_.due(now)) statistics_.note(now, view_.total(), slept);
  if (looks_.looked(now, is_idle, shortest_run())) bell_watch_.arm();
}

void Pool::look_at_first_job(core::Seat index, core::TimePoint now) {
  Seat& seat = seats_[index];
  if (!seat.ready || seat.first_job_seen || finished_jobs(seat.process->lane().counters) == 0) return;
  seat.first_job_seen = true;
  on_policy(policy_.handle(now, core::RestartPolicy::FinishedFirstJob{index}));
}

bool Pool::idle() const {
  std::vector<core::WorkerSight> workers;
  for (const Seat& seat : seats_) {
    if (!seat.process || !seat.ready) continue;
    const auto place = seat.process->place().seat;
    // SYNC: acquire: an idle bit seen here was set before its worker's last scan.
    const std::uint64_t bits = board_->idle[place / 64].load(std::memory_order_acquire);
    workers.push_back({seat.run.running(), seat.state == core::SeatState::Active, (bits >> (place % 64) & 1) != 0});
  }
  return core::all_idle(workers, config_.workers) && drain_.accepts_jobs() && !queues_.work_waits();
}

// What time alone brings about in a seat.
void Pool::pass_time(Seat& seat, core::TimePoint now) {
  const bool killing = drain_.state() == core::Drain::State::Killing;
  if (killing) orders_.kill_orphan(seat);
  if (!seat.process) return;
  seat.process->flush();
  sessions_.attach_owed(seat);
  watcher_.on_timer(seat, now);
  if (boot_.timed_out(seat, now)) {
    log_warning(
        "worker was not ready in time and is killed; see start_timeout",
        {{"pool", config_.name}, {"worker", seat.process->place().seat}, {"start_timeout", config_.start_timeout}});
    available(core::Availability::Event::StartTimedOut);
    orders_.kill(seat, core::DeathKind::BootFailure);
  } else if (killing && !seat.run.ladder()) {
    orders_.kill(seat, core::DeathKind::Shutdown);
  } else {
    orders_.end_leaver(seat, now);
  }
}

void Pool::kill_running(core::TimePoint now) {
  for (Seat& seat : seats_) {
    orders_.kill_orphan(seat);
    if (seat.process && !watcher_.end_run(seat, now)) orders_.kill(seat, core::DeathKind::Shutdown);
  }
}

void Pool::available(core::Availability::Event event) {
  if (availability_.handle(event)) handlers_.tell_waiting();
}

void Pool::on_policy(const std::vector<core::RestartPolicy::Effect>& effects) {
  for (const auto& effect : effects) {
    if (const auto* quarantine = std::get_if<core::RestartPolicy::EnterQuarantine>(&effect)) {
      log_error("pool is quarantined: its workers die before they finish a job; one is tried again in a while",
                {{"pool", config_.name}, {"reason", quarantine->reason}});
      available(core::Availability::Event::Quarantined);
    } else if (std::holds_alternative<core::RestartPolicy::LeaveQuarantine>(effect)) {
      log_info("pool has left quarantine", {{"pool", config_.name}});
      available(core::Availability::Event::QuarantineLeft);
    }
  }
}

std::vector<core::SeatView> Pool::views() const {
  std::vector<core::SeatView> views(seats_.size());
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = seats_[i];
    views[i].state = seat.state;
    views[i].not_before = policy_.may_start_at(static_cast<core::Seat>(i));
    views[i].started = seat.started;
    if (!seat.process) continue;
    views[i].jobs = finished_jobs(seat.process->lane().counters);
    if (config_.recycle.max_rss.value != 0) views[i].rss = resident_bytes(seat.process->pid());
  }
  return views;
}

void Pool::apply_plan(core::TimePoint now) {
  core::PoolGoal goal{config_.workers, config_.spares, drain_.stopping(), core::Quarantine::No, config_.recycle};
  // An effect changes what the next one should be: planned again until nothing is left to do.
  for (std::size_t round = 0; round <= seats_.size(); ++round) {
    using State = core::RestartPolicy::State;
    const State state = policy_.state();
    goal.quarantine = state == State::Trusted    ? core::Quarantine::No
                      : state == State::ProbeDue ? core::Quarantine::ProbeDue
                                                 : core::Quarantine::Closed;
    const core::PoolPlan plan = core::plan_pool(now, goal, views());
    plan_again_ = plan.look_again;
    if (plan.effects.empty()) return;
    for (const core::PoolEffect& effect : plan.effects) {
      if (const auto* start = std::get_if<core::StartWorker>(&effect)) {
        start_worker(start->seat);
      } else if (const auto* swap = std::get_if<core::PromoteSpare>(&effect)) {
        orders_.promote(seats_[swap->seat], drain_.claiming_paused());
      } else if (const auto* recycle = std::get_if<core::RecycleWorker>(&effect)) {
        log_info("worker is recycled",
                 {{"pool", config_.name}, {"worker", recycle->seat}, {"reason", core::to_string(recycle->reason)}});
        orders_.leave(seats_[recycle->seat], core::DeathKind::Recycled, now);
      } else if (const auto* leave = std::get_if<core::StopWorker>(&effect)) {
        orders_.leave(seats_[leave->seat], core::DeathKind::Clean, now);
      }
    }
  }
}

void Pool::start_worker(core::Seat index) {
  // Before the start, which may fail at once.
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::Started{index}));
  starter_.start(seats_[index], index);
}

void Pool::arm(core::TimePoint now) {
  if (timer_) host_.loop().cancel(*timer_);
  timer_.reset();
  const auto next = drain_.state() == core::Drain::State::Stopped ? std::nullopt : next_deadline(now);
  if (!next && workers_gone(seats_) && drain_.stopping()) return;
  const core::Duration soon = std::chrono::microseconds{100};
  const core::Duration delay = next ? std::max(*next - now, soon) : until_idle_look(now);
  timer_ = host_.loop().after(std::min(delay, until_idle_look(now)), [this] {
    timer_.reset();
    look_due_ = true;
    round();
  });
}

std::optional<core::TimePoint> Pool::next_deadline(core::TimePoint now) const {
  std::optional<core::TimePoint> next = plan_again_;
  const auto at_most = [&next](std::optional<core::TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  const bool killing = drain_.state() == core::Drain::State::Killing;
  at_most(policy_.next_timer());
  at_most(drain_.next_deadline(now));
  at_most(looks_.next_look());
  at_most(queues_.next_deadline());
  for (const Seat& seat : seats_) {
    if (killing && (seat.process || seat.orphan)) at_most(now + kKillRepeat);
    if (!seat.process) continue;
    at_most(boot_.deadline(seat));
    at_most(seat.leave_by);
    at_most(seat.run.next_deadline());
    if (seat.owes_attach) at_most(now + kOwedRetry);
  }
  return next;
}

}  // namespace ringmaster
