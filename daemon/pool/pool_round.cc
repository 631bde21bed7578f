#include <algorithm>

#include "daemon/log/log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/pool/pool.h"

// The round of a pool, which follows every event: look, decide, act, arm.
namespace ringmaster::daemon {
namespace {

// How often an idle pool looks anyway, in case a ring was lost. At whole multiples, so that all pools share one
// wake-up.
constexpr core::Duration kIdleLook = std::chrono::seconds{10};
core::Duration until_idle_look(core::TimePoint now) { return kIdleLook - now.time_since_epoch() % kIdleLook; }
constexpr core::Duration kKillRepeat = std::chrono::seconds{1};
// When to try again to attach a session to a worker.
constexpr core::Duration kOwedRetry = std::chrono::milliseconds{100};

}  // namespace

void Pool::round() {
  if (!started_) return;
  const core::TimePoint now = host_.loop().now();
  if (std::exchange(look_due_, false)) {
    look(now);
    for (Seat& seat : seats_) pass_time(seat, now);
  }
  for (Seat& seat : seats_) hand_.pay_capture(seat, now);
  if (drain_.deadline_passed(now, crew())) kill_running(now);
  drain_.step(now, crew());
  staffing_.apply(now, drain_.stopping(), drain_.claiming_paused());
  // A message wakes its worker, which may then take a job without a ring.
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
  staffing_.look_for_first_jobs(now);
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto& process = seats_[i].process;
    if (!process) continue;
    watcher_.look(seats_[i], now);
    if (seats_[i].memory.over(now) && !seats_[i].verdict) {
      log_warning("worker has more memory of its own than memory_max, and is killed",
                  {{"pool", config_.name}, {"seat", i}, {"memory_max", config_.memory_max}});
      orders_.kill(seats_[i], core::DeathKind::OutOfMemory);
    }
    statistics_.note_process(static_cast<core::SeatNumber>(i), process->name().owner.incarnation, process->pid(), now);
  }
  if (config_.memory_max.value != 0 && host_.cgroups().limits_memory()) host_.sessions().end_those_with_holes();
  const auto now_ns = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (!drain_.accepts_jobs() && !drain_.stopping()) drain_.refuse_late_jobs(crew());
  queues_.look(now_ns);
  if (!host_.cgroups().limits_memory() && oom_baseline_.due(now_ns)) oom_baseline_.note(now_ns, oom_kills());
  const bool is_idle = idle();
  staffing_.look(now, statistics_.gauge(), !is_idle);
  // Also notes the last look before a sleep, because nothing happens until the next one.
  if (slept || is_idle || statistics_.due(now)) statistics_.note(now, report_.total(), slept);
  if (looks_.looked(now, is_idle, shortest_run())) bell_watch_.arm();
}

// The worker's own cgroup knows. Without one the best guess is that the machine's count of such kills has risen.
bool Pool::killed_for_memory(const Burial::Dead& dead) const {
  const auto known = WorkerCgroups::out_of_memory(dead.cgroup);
  if (known) return *known;
  return dead.kin != Burial::Kin::Stranger && !dead.killed_as_orphan &&
         oom_baseline_.rose(oom_kills(), dead.oom_kills_at_start);
}

bool Pool::idle() const {
  std::vector<core::WorkerSight> workers;
  for (const Seat& seat : seats_) {
    if (!seat.process || !seat.ready) continue;
    const auto place = seat.process->name().seat;
    // SYNC: acquire: an idle bit seen here was set before its worker's last scan.
    const std::uint64_t bits = board_->idle[place / 64].load(std::memory_order_acquire);
    workers.push_back({seat.run.running(), seat.state == core::SeatState::Active, (bits >> (place % 64) & 1) != 0});
  }
  return core::all_idle(workers, staffing_.workers_wanted()) && drain_.accepts_jobs() && !queues_.work_waits();
}

// Does what is due in a seat because of time alone.
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
        {{"pool", config_.name}, {"seat", seat.process->name().seat}, {"start_timeout", config_.start_timeout}});
    staffing_.start_timed_out();
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
    if (seat.process && !watcher_.end_run(seat, now, drain_.lost_as())) orders_.kill(seat, core::DeathKind::Shutdown);
  }
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
  std::optional<core::TimePoint> next = staffing_.next_deadline();
  const auto at_most = [&next](std::optional<core::TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  const bool killing = drain_.state() == core::Drain::State::Killing;
  at_most(drain_.next_deadline(now));
  at_most(looks_.next_look());
  at_most(queues_.next_deadline());
  for (const Seat& seat : seats_) {
    if (killing && (seat.process || seat.orphan)) at_most(now + kKillRepeat);
    if (!seat.process) continue;
    at_most(boot_.deadline(seat));
    at_most(seat.leave_by);
    at_most(seat.capture_owed);
    at_most(seat.run.next_deadline());
    if (seat.owes_attach) at_most(now + kOwedRetry);
  }
  return next;
}

void Pool::capture(core::SeatNumber index, const StackDesk::Order& order) {
  const auto captured = [here = std::weak_ptr(here_), this, index, name = order.process.incarnation]() -> Seat* {
    if (here.expired()) return nullptr;
    Seat& seat = seats_[index];
    return seat.process && seat.process->name().owner.incarnation == name ? &seat : nullptr;
  };
  host_.stacks().capture(order, [this, captured] {
    Seat* const seat = captured();
    if (seat == nullptr) return;
    hand_.drive(*seat, host_.loop().now(), core::KillLadder::CaptureEnded{});
    round_.ask();
  });
}

}  // namespace ringmaster::daemon
