#include "daemon/pool/seat/seat_start.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "daemon/log/log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/pool/book/kill_order.h"
#include "daemon/pool/seat/spawn_spec.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint32_t kLastIncarnation = shm::kOwnerMask;

std::uint32_t milliseconds_of(core::Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, 0xFFFFFFFF));
}

bool sits(const Seat& seat, shm::Owner owner) { return seat.process && seat.process->name().owner == owner; }

}  // namespace

void SeatStart::start(Seat& seat, core::SeatNumber index) {
  const shm::Owner owner{static_cast<std::uint16_t>(first_worker_ + index),
                         static_cast<std::uint16_t>(record_of(index).incarnation % kLastIncarnation + 1)};
  seat = {};
  seat.state = core::SeatState::Starting;
  seat.started = rooms_.loop.now();
  seat.run.watch_from(seat.started);
  seat.oom_kills = oom_kills();
  record_of(index).incarnation = owner.incarnation;
  if (!config_.unusable.empty()) return never_started(seat, index, config_.unusable);
  auto process = WorkerProcess::create({owner, pool_, config_.name, index});
  if (!process) return never_started(seat, index, process.error().message);
  if (config_.output_to_client) {
    if (const auto given = (*process)->give_output_to_clients(); !given)
      return never_started(seat, index, given.error().message);
  }
  WorkerProcess& starting = **process;
  seat.process = std::move(*process);
  shm::ControlRecord& control = starting.control();
  control.run_timeout_ms.store(milliseconds_of(config_.run_timeout), std::memory_order_relaxed);
  control.max_jobs.store(config_.recycle.max_jobs, std::memory_order_relaxed);
  ports_.show_charges(control);

  std::vector<keeper::DepositLabel> labels;
  std::vector<int> fds;
  for (const auto kind : WorkerFds::kKinds) {
    labels.push_back(keeper::make_label(kind, owner.worker, owner.incarnation));
    fds.push_back(starting.fds().of(kind).get());
  }
  rooms_.keeper.deposit(labels, fds, [this, &seat, &starting, index, owner](int error) {
    if (!sits(seat, owner)) return;
    if (error == 0) {
      spawn(seat, starting);
      return ports_.round();
    }
    never_started(seat, index, std::string{"the keeper cannot hold its descriptors: "} + std::strerror(error));
    ports_.round();
  });
}

void SeatStart::put_on_record(const Seat& seat, core::SeatNumber index) {
  shm::LedgerWorker& record = record_of(index);
  record.pool = pool_;
  record.place = index;
  record.pid = 0;
  record.flags = shm::kLedgerSpare;
  record.seen_intent.store(0, std::memory_order_relaxed);
  record.verdict_intent.store(0, std::memory_order_relaxed);
  record.counted_job.store(0, std::memory_order_relaxed);
  record.started_ns = static_cast<std::uint64_t>(seat.started.time_since_epoch().count());
  // SYNC: release: a successor that reads Live reads the rest.
  record.state.store(static_cast<std::uint32_t>(shm::LedgerState::Live), std::memory_order_release);
}

void SeatStart::spawn(Seat& seat, WorkerProcess& process) {
  const WorkerName& place = process.name();
  const core::SeatNumber index = place.seat;
  put_on_record(seat, index);
  WorkerProcess::ChildEnds& child = process.child_ends();
  std::vector<int> fds{child.null.get(),         child.out.get(),     child.err.get(), child.socket.get(),
                       process.fds().lane.get(), child.control.get(), board_,          bell_};
  keeper::SpawnSpec spec =
      make_spawn_spec(config_, place, stock_worker_, worker_environment(), ::geteuid(), ::getgid());
  if (auto leaf = rooms_.cgroups.make(place.owner, config_.memory_max)) {
    spec.has_cgroup = true;
    fds.push_back(leaf->get());
    process.fds().cgroup = std::move(*leaf);
    seat.memory = rooms_.cgroups.guard(process.cgroup(), config_.memory_max);
  }
  auto sent = rooms_.keeper.spawn(spec, fds, [this, &seat, &process, owner = place.owner](const auto& answer) {
    if (!sits(seat, owner)) return;
    on_spawned(seat, process, answer);
    ports_.round();
  });
  child = {};
  ++rooms_.book.tally().starts;
  if (!sent) return never_started(seat, index, sent.error().message);
  listen(index, process);
}

void SeatStart::on_spawned(Seat& seat, WorkerProcess& process, const keeper::SpawnedMessage& answer) {
  const core::SeatNumber index = process.name().seat;
  if (answer.error != 0) {
    const auto stage = static_cast<SpawnStage>(answer.stage);
    // The next worker starts without a cgroup.
    if (stage == SpawnStage::Cgroup) {
      rooms_.cgroups.disable(std::string{"a worker cannot enter its own: "} + std::strerror(answer.error));
    }
    const std::string what = config_.command.empty() ? stock_worker_ : config_.command.front();
    return never_started(seat, index,
                         "cannot start \"" + what + "\", failed at " + std::string(keeper::to_string(stage)) + ": " +
                             std::strerror(answer.error));
  }
  process.set_pid(answer.pid);
  record_of(index).pid = static_cast<std::uint32_t>(answer.pid);
  // A verdict alone is no kill: a worker may be ready, and leave after its last job, before this answer is here.
  // Where its stack is owed, its ladder kills it afterwards.
  if (seat.state != core::SeatState::Condemned || !seat.verdict || seat.capture_owed) return;
  note_kill(record_of(index), *seat.verdict);
  rooms_.keeper.signal(answer.worker, answer.incarnation, SIGKILL);
}

void SeatStart::never_started(Seat& seat, core::SeatNumber index, const std::string& why) {
  log_error("worker cannot be started", {{"pool", config_.name}, {"seat", index}, {"error", why}});
  if (seat.process) {
    const shm::Owner owner = seat.process->name().owner;
    rooms_.keeper.release_later(WorkerFds::deposits_of(owner));
    rooms_.cgroups.remove(owner);
    rooms_.sessions.process_gone(owner);
  }
  seat.memory = {};
  seat.process.reset();
  seat.state = core::SeatState::Empty;
  rooms_.book.note_no_start(index, why);
  record_of(index).state.store(static_cast<std::uint32_t>(shm::LedgerState::Empty), std::memory_order_release);  // SYNC
  ports_.on_no_start(index);
}

void SeatStart::listen(core::SeatNumber index, WorkerProcess& process) {
  process.listen(
      rooms_.loop, [this, index](worker_link::ToSupervisor&& message) { ports_.on_message(index, std::move(message)); },
      [this, index](const std::string& what) { ports_.on_violation(index, what); },
      [this](std::uint64_t intent) { return rooms_.sessions.job_id_of(intent); });
}

SeatStart::Taken SeatStart::adopt(Seat& seat, core::SeatNumber index, std::uint32_t incarnation, std::int32_t pid,
                                  WorkerFds fds, bool dead) {
  const shm::LedgerWorker& record = record_of(index);
  const shm::Owner owner{static_cast<std::uint16_t>(first_worker_ + index), static_cast<std::uint16_t>(incarnation)};
  const bool ready = (record.flags & shm::kLedgerReady) != 0;
  seat.oom_kills = oom_kills();
  auto process = WorkerProcess::adopt({owner, pool_, config_.name, index}, fds, pid, ready);
  if (!process) {
    log_warning("worker cannot be taken over and is killed",
                {{"pool", config_.name}, {"seat", index}, {"reason", process.error().message}});
    keep_orphan(seat, index, owner, pid, std::move(fds), dead);
    return Taken::Orphan;
  }
  WorkerProcess& adopted = **process;
  seat.process = std::move(*process);
  ports_.show_charges(adopted.control());
  seat.started = core::from_monotonic_ns(record.started_ns);
  seat.ready = ready;
  seat.memory = rooms_.cgroups.guard(adopted.cgroup(), config_.memory_max);
  if (dead) {
    adopted.follow_output(rooms_.loop, [this](std::uint64_t intent) { return rooms_.sessions.job_id_of(intent); });
    seat.state = core::SeatState::Condemned;
    return Taken::Dead;
  }
  listen(index, adopted);
  if (!ready) return Taken::Booting;
  seat.state = (record.flags & shm::kLedgerSpare) != 0 ? core::SeatState::Spare : core::SeatState::Active;
  return Taken::Ready;
}

void SeatStart::keep_orphan(Seat& seat, core::SeatNumber index, shm::Owner owner, std::int32_t pid, WorkerFds fds,
                            bool dead) {
  Orphan& orphan = seat.orphan.emplace();
  orphan.owner = owner;
  orphan.pid = pid;
  orphan.killed = !dead;
  orphan.fds = std::move(fds);
  auto lane = orphan.fds.lane ? shm::Mapping::map(orphan.fds.lane.get(), shm::Access::ReadOnly)
                              : Result<shm::Mapping>(Error{"none"});
  if (lane) {
    orphan.lane_map = std::move(*lane);
    orphan.lane = shm::open_lane(orphan.lane_map.bytes());
  }
  auto control = orphan.fds.control ? shm::Mapping::map(orphan.fds.control.get(), shm::Access::ReadWrite)
                                    : Result<shm::Mapping>(Error{"none"});
  if (control) orphan.control_map = std::move(*control);
  orphan.output = std::make_unique<WorkerOutput>();
  orphan.output->set_pid(pid);
  orphan.output->start(rooms_.loop, config_.name, index, orphan.fds.out.get(), orphan.fds.err.get(),
                       {orphan.lane, shm::open_control(orphan.control_map.bytes())},
                       [this](std::uint64_t intent) { return rooms_.sessions.job_id_of(intent); });
  // The plan treats it as a leaving worker: its seat is taken, and another one is started.
  seat.state = core::SeatState::Condemned;
}

}  // namespace ringmaster::daemon
