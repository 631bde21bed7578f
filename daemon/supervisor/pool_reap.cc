#include <signal.h>

#include <algorithm>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"

// The deaths of a pool's workers, and what a successor takes up of them.
namespace ringmaster {

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
  seat.process->send(worker_link::Drain{seat.state == core::SeatState::Spare || drain_.claiming_paused()});
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
  seat.oom_kills = oom_kills();
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

// Its own cgroup knows; without one, a rise of the machine's count is the best guess about one that nobody else killed.
bool Pool::killed_for_memory(const Burial::Dead& dead) const {
  const auto known = WorkerCgroups::out_of_memory(dead.cgroup);
  if (known) return *known;
  return dead.kin != Burial::Kin::Stranger && !dead.killed_as_orphan &&
         oom_baseline_.rose(oom_kills(), dead.oom_kills_at_start);
}

void Pool::on_exit(const keeper::ExitRecord& exit) {
  const Burial::Buried buried = burial_.bury({seats_, *board_, drain_.stopping(), monotonic_ns()}, exit);
  const core::RestartPolicy::Died& died = buried.died;
  Seat& seat = seats_[died.seat];
  if (buried.kin != Burial::Kin::Stranger) {
    seat.memory = {};
    seat.process.reset();
    seat.orphan.reset();
    seat.run.clear();
    seat.ready = false;
    seat.state = core::SeatState::Empty;
  }
  host_.cgroups().remove(buried.owner);
  if (buried.kin == Burial::Kin::Stranger) return;
  if (buried.kin == Burial::Kin::Worker) {
    // Between two looks it may have finished its first job and died.
    if (died.jobs_finished != 0 && !seat.first_job_seen) {
      on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::FinishedFirstJob{died.seat}));
    }
    // Who is killed from outside says nothing of the pool here; its policy counts those of a pool that never proved
    // itself.
    const bool failed = !died.was_ready && !died.cause.from_outside && !core::wanted(died.cause.kind);
    if (failed) available(core::Availability::Event::BootFailed);
  }
  sessions_.process_gone(buried.owner);
  on_policy(policy_.handle(host_.loop().now(), died));
  update();
}

}  // namespace ringmaster
