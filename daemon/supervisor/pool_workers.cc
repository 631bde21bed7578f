#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "shm/base/overloaded.h"

// What processes of a pool say, and how they come and go.
namespace ringmaster {

void Pool::start_worker(core::Seat index) {
  // Before the start, which may fail at once.
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::Started{index}));
  starter_.start(seats_[index], index);
}

void Pool::on_no_start(core::Seat index) {
  available(core::Availability::Event::BootFailed);
  on_policy(policy_.handle(host_.loop().now(),
                           core::RestartPolicy::Died{index, {core::DeathKind::BootFailure, 0, false}, false, 0}));
}

void Pool::on_violation(core::Seat index, const std::string& what) {
  log_warning("worker said what it may not say, and is killed",
              {{"pool", config_.name}, {"worker", index}, {"pid", seats_[index].process->pid()}, {"reason", what}});
  seats_[index].boot_error = what;
  orders_.kill(seats_[index], core::DeathKind::ProtocolViolation);
  update();
}

void Pool::on_message(core::Seat index, worker_link::ToSupervisor&& message) {
  Seat& seat = seats_[index];
  if (!seat.process) return;
  PoolWorker& process = *seat.process;
  const Owner owner = process.place().owner;
  const core::TimePoint now = host_.loop().now();
  const auto boots = [&](bool on) {
    if (!on) orders_.kill(seat, core::DeathKind::BootFailure);
  };
  std::visit(
      Overloaded{
          [&](worker_link::Hello&& hello) { boots(boot_.on_hello(seat, hello)); },
          [&](worker_link::HandlersChunk&& chunk) { boots(boot_.on_chunk(seat, chunk)); },
          [&](worker_link::Ready&&) { on_ready(index); },
          [&](worker_link::Attached&&) {},
          [&](worker_link::Detached&& detached) {
            seat.memory.returned(detached.serial);
            sessions_.session_given_back(detached.serial, owner);
          },
          [&](worker_link::SessionBroken&& broken) {
            seat.memory.returned(broken.serial);
            sessions_.session_given_back(broken.serial, owner);
            sessions_.on_broken(process, broken, host_.sessions());
          },
          [&](worker_link::Fault&& fault) { watcher_.on_fault(seat, std::move(fault), now); },
          [&](worker_link::BootFailed&& failed) {
            seat.boot_error = failed.text;
            log_error("worker cannot start", {{"pool", config_.name}, {"worker", index}, {"error", failed.text}});
          },
          [&](worker_link::Leftovers&& left) {
            leftovers_.note(now, {config_.name, index, process.pid()}, left);
          },
      },
      std::move(message));
  update();
}

void Pool::on_ready(core::Seat index) {
  Seat& seat = seats_[index];
  if (seat.ready || seat.verdict) return;
  const core::TimePoint now = host_.loop().now();
  seat.ready = true;
  if (seat.state == core::SeatState::Starting) seat.state = core::SeatState::Spare;
  record_of(index).flags = kLedgerReady | kLedgerSpare;
  handlers_.confirm();
  available(core::Availability::Event::BecameReady);
  on_policy(policy_.handle(now, core::RestartPolicy::BecameReady{index}));
  log_info("worker ready",
           {{"pool", config_.name},
            {"worker", index},
            {"pid", seat.process->pid() != 0 ? seat.process->pid() : static_cast<std::int32_t>(seat.said_pid)},
            {"after", std::chrono::round<std::chrono::milliseconds>(now - seat.started)}});
  handlers_.tell_waiting();
  sessions_.attach_all_to(seat);
}

void Pool::adopt(std::uint16_t number, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead) {
  const auto index = static_cast<core::Seat>(number);
  Seat& seat = seats_[index];
  switch (starter_.adopt(seat, index, incarnation, pid, std::move(fds), dead)) {
    case SeatStart::Taken::Orphan:
      if (!dead) orders_.kill_orphan(seat);
      return;
    case SeatStart::Taken::Dead:
      return;
    case SeatStart::Taken::Booting:
      // A fresh process is simpler than guessing what it had said.
      return orders_.kill(seat, core::DeathKind::Recycled);
    case SeatStart::Taken::Ready:
      break;
  }
  available(core::Availability::Event::BecameReady);
  on_policy(policy_.handle(host_.loop().now(), core::RestartPolicy::BecameReady{index}));
  orders_.resume(seat, drain_.claiming_paused());
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
