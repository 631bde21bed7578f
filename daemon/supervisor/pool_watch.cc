#include <algorithm>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "daemon/supervisor/stack_desk.h"

// When a pool looks at its workers and queues, and when it sleeps.
namespace ringmaster {

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
  const std::uint64_t now_ns = monotonic_ns();
  if (!drain_.accepts_jobs() && !drain_.stopping()) drain_.refuse_late_jobs(crew());
  queues_.look(now_ns);
  if (!host_.cgroups().limits_memory() && oom_baseline_.due(now_ns)) oom_baseline_.note(now_ns, oom_kills());
  const bool is_idle = idle();
  // The last look before a sleep too: nothing is done between it and the next.
  if (slept || is_idle || statistics_.due(now)) statistics_.note(now, total(), slept);
  if (looks_.looked(now, is_idle, shortest_run())) bell_watch_.arm();
}

void Pool::look_at_first_job(core::Seat index, core::TimePoint now) {
  Seat& seat = seats_[index];
  if (!seat.ready || seat.first_job_seen || finished_jobs(seat.process->lane().counters) == 0) return;
  seat.first_job_seen = true;
  on_policy(policy_.handle(now, core::RestartPolicy::FinishedFirstJob{index}));
}

void Pool::cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) {
  for (Seat& seat : seats_) {
    if (seat.process) watcher_.cancel(seat, {index, slot, seq}, host_.loop().now());
  }
  update();
}

void Pool::capture(core::Seat index, const StackDesk::Order& order) {
  const std::uint32_t incarnation = order.process.incarnation;
  host_.stacks().capture(order, [this, index, incarnation] {
    Seat& captured = seats_[index];
    if (!captured.process || captured.process->place().owner.incarnation != incarnation) return;
    hand_.drive(captured, host_.loop().now(), core::KillLadder::CaptureEnded{});
    update();
  });
}

}  // namespace ringmaster
