#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "shm/base/overloaded.h"
#include "shm/memfd.h"

// The processes of a pool: starting, their messages, promotion and leaving.
namespace ringmaster {
namespace {

constexpr std::uint32_t kLastIncarnation = kOwnerMask;
constexpr std::uint64_t kIdleWaitNs = 60'000'000'000;

std::uint32_t milliseconds_of(core::Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, 0xFFFFFFFF));
}

}  // namespace

void Pool::start_worker(core::Seat index) {
  Seat& seat = seats_[index];
  const auto id = static_cast<std::uint16_t>(first_worker_ + index);
  LedgerWorker& record = record_of(index);
  const auto incarnation = static_cast<std::uint16_t>(record.incarnation % kLastIncarnation + 1);
  seat.state = core::SeatState::Starting;
  seat.started = host_.loop().now();
  seat.ready = seat.first_job_seen = seat.leaving = seat.owes_attach = seat.said_owed = false;
  seat.leave_by.reset();
  seat.verdict.reset();
  seat.fault.reset();
  seat.run.clear();
  seat.boot_error.clear();
  seat.handler_bytes.clear();
  seat.next_chunk = 0;
  seat.oom_kills = oom_kills();
  on_policy(policy_.handle(seat.started, core::RestartPolicy::Started{index}));
  record.incarnation = incarnation;
  if (!config_.unusable.empty()) return never_started(index, config_.unusable);
  auto process = WorkerProcess::create({{id, incarnation}, index_, config_.name, index});
  if (!process) return never_started(index, process.error().message);
  WorkerProcess& starting = **process;
  seat.process = std::move(*process);
  ControlRecord& control = seat.process->control();
  control.run_timeout_ms.store(milliseconds_of(config_.run_deadline), std::memory_order_relaxed);
  charges_.show(control);

  std::vector<keeper::DepositLabel> labels;
  std::vector<int> fds;
  for (const auto kind : WorkerFds::kKinds) {
    labels.push_back(keeper::make_label(kind, id, incarnation));
    fds.push_back(starting.fds().of(kind).get());
  }
  host_.keeper().deposit(labels, fds, [this, index, incarnation, &starting](int error) {
    Seat& held = seats_[index];
    if (!held.process || held.process->place().owner.incarnation != incarnation) return;
    if (error != 0) {
      never_started(index, std::string{"the keeper cannot hold its descriptors: "} + std::strerror(error));
      return update();
    }
    spawn(index, starting);
  });
}

void Pool::spawn(core::Seat index, WorkerProcess& process) {
  Seat& seat = seats_[index];
  const WorkerPlace& place = process.place();
  LedgerWorker& record = record_of(index);
  record.pool = index_;
  record.place = index;
  record.pid = 0;
  record.flags = kLedgerSpare;
  record.seen_intent.store(0, std::memory_order_relaxed);
  record.verdict_intent.store(0, std::memory_order_relaxed);
  record.counted_job.store(0, std::memory_order_relaxed);
  record.started_ns = static_cast<std::uint64_t>(seat.started.time_since_epoch().count());
  // SYNC: release: a successor that reads Live reads the rest.
  record.state.store(static_cast<std::uint32_t>(LedgerState::Live), std::memory_order_release);

  WorkerProcess::ChildEnds& child = process.child_ends();
  std::vector<int> fds{child.null.get(),         child.out.get(),     child.err.get(),  child.socket.get(),
                       process.fds().lane.get(), child.control.get(), fds_.board.get(), fds_.bell.get()};
  keeper::SpawnSpec spec = spawn_spec(place);
  if (auto leaf = host_.cgroups().make(place.owner, config_.memory_max)) {
    spec.has_cgroup = true;
    fds.push_back(leaf->get());
    process.fds().cgroup = std::move(*leaf);
    seat.memory = host_.cgroups().guard(process.cgroup(), config_.memory_max);
  }
  auto sent = host_.keeper().spawn(spec, fds,
                                   [this, index, incarnation = place.owner.incarnation, &process](const auto& answer) {
                                     Seat& spawned = seats_[index];
                                     if (!spawned.process || spawned.process->place().owner.incarnation != incarnation)
                                       return;
                                     on_spawned(index, process, answer);
                                     update();
                                   });
  child = {};
  ++book_.tally().starts;
  if (!sent) return never_started(index, sent.error().message);
  listen(index, process);
}

keeper::SpawnSpec Pool::spawn_spec(const WorkerPlace& place) const {
  keeper::SpawnSpec spec;
  spec.worker = place.owner.worker;
  spec.incarnation = place.owner.incarnation;
  spec.cwd = config_.working_directory;
  if (config_.command.empty()) {
    spec.path = host_.stock_worker();
    spec.argv.push_back("ringmaster-worker: " + config_.name + "[" + std::to_string(place.seat) + "]");
    if (!config_.handlers.empty()) spec.argv.emplace_back("--handlers");
    spec.argv.insert(spec.argv.end(), config_.handlers.begin(), config_.handlers.end());
  } else {
    spec.path = config_.command.front();
    spec.argv = config_.command;
  }
  spec.env = worker_environment();
  for (const auto& [name, value] : config_.environment) spec.env.push_back(name + "=" + value);
  spec.env.push_back("RINGMASTER_POOL=" + config_.name);
  spec.env.push_back("RINGMASTER_WORKER=" + std::to_string(place.seat));
  spec.env.push_back("RINGMASTER_ABI=" + std::to_string(worker_link::kAbiVersion));
  if (config_.uid) spec.identity = keeper::SpawnSpec::Identity{*config_.uid, config_.gid.value_or(::getgid())};
  if (config_.uid && *config_.uid != ::geteuid()) spec.env.emplace_back("RINGMASTER_GUARDED=1");
  if (config_.nice != 0) spec.nice = config_.nice;
  for (const config::Rlimit& limit : config_.rlimits) {
    spec.rlimits.push_back({limit.resource, limit.value, limit.value});
  }
  return spec;
}

void Pool::on_spawned(core::Seat index, WorkerProcess& process, const keeper::SpawnedMessage& answer) {
  Seat& seat = seats_[index];
  if (answer.error != 0) {
    const auto stage = static_cast<SpawnStage>(answer.stage);
    // The next one starts without.
    if (stage == SpawnStage::Cgroup) {
      host_.cgroups().disable(std::string{"a worker cannot enter its own: "} + std::strerror(answer.error));
    }
    const std::string what = config_.command.empty() ? host_.stock_worker() : config_.command.front();
    return never_started(index, "cannot start \"" + what + "\", failed at " + std::string(keeper::to_string(stage)) +
                                    ": " + std::strerror(answer.error));
  }
  process.set_pid(answer.pid);
  record_of(index).pid = static_cast<std::uint32_t>(answer.pid);
  if (seat.verdict) host_.keeper().signal(answer.worker, answer.incarnation, SIGKILL);
}

void Pool::never_started(core::Seat index, const std::string& why) {
  Seat& seat = seats_[index];
  log_error("worker cannot be started", {{"pool", config_.name}, {"worker", index}, {"error", why}});
  if (seat.process) {
    host_.keeper().release_later(WorkerFds::deposits_of(seat.process->place().owner));
    host_.cgroups().remove(seat.process->place().owner);
    sessions_.process_gone(seat.process->place().owner);
  }
  seat.memory = {};
  seat.process.reset();
  seat.state = core::SeatState::Empty;
  book_.note_no_start(index, why);
  record_of(index).state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);  // SYNC
  available(core::Availability::Event::BootFailed);
  on_policy(policy_.handle(host_.loop().now(),
                           core::RestartPolicy::Died{index, {core::DeathKind::BootFailure, 0, false}, false, 0}));
}

void Pool::listen(core::Seat index, WorkerProcess& process) {
  process.listen(
      host_.loop(),
      [this, index](worker_link::ToSupervisor&& message) {
        on_message(index, std::move(message));
        update();
      },
      [this, index](const std::string& what) {
        log_warning(
            "worker said what it may not say, and is killed",
            {{"pool", config_.name}, {"worker", index}, {"pid", seats_[index].process->pid()}, {"reason", what}});
        seats_[index].boot_error = what;
        kill(seats_[index], core::DeathKind::ProtocolViolation);
        update();
      },
      [this](std::uint64_t intent) { return sessions_.job_id_of(intent); });
}

void Pool::on_message(core::Seat index, worker_link::ToSupervisor&& message) {
  Seat& seat = seats_[index];
  if (!seat.process) return;
  PoolWorker& process = *seat.process;
  const Owner owner = process.place().owner;
  std::visit(
      Overloaded{
          [&](worker_link::Hello&& hello) { on_hello(seat, hello); },
          [&](worker_link::HandlersChunk&& chunk) { on_chunk(seat, std::move(chunk)); },
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
          [&](worker_link::Fault&& fault) { watcher_.on_fault(seat, std::move(fault), host_.loop().now()); },
          [&](worker_link::BootFailed&& failed) {
            seat.boot_error = failed.text;
            log_error("worker cannot start", {{"pool", config_.name}, {"worker", index}, {"error", failed.text}});
          },
          [&](worker_link::Leftovers&& left) {
            leftovers_.note(host_.loop().now(), {config_.name, index, process.pid()}, left);
          },
      },
      std::move(message));
}

void Pool::on_hello(Seat& seat, const worker_link::Hello& hello) {
  if (hello.abi != worker_link::kAbiVersion) {
    seat.boot_error = "it speaks version " + std::to_string(hello.abi) + " of the worker link, the daemon speaks " +
                      std::to_string(worker_link::kAbiVersion) + "; build it with the installed worker library";
    return kill(seat, core::DeathKind::BootFailure);
  }
  seat.said_pid = hello.pid;
  worker_link::Settings settings;
  settings.spin_ns = static_cast<std::uint64_t>(config_.spin.count());
  settings.max_spinners = std::max(1U, host_.usable_cpus() / 2);
  settings.idle_wait_ns = kIdleWaitNs;
  settings.grace_ns = static_cast<std::uint64_t>(config_.grace.count());
  settings.keep_leftovers = config_.keep_leftovers;
  seat.process->send(settings);
  seat.process->send(worker_link::Drain{true});  // every worker begins as a spare
}

void Pool::on_chunk(Seat& seat, worker_link::HandlersChunk&& chunk) {
  if (chunk.number != seat.next_chunk || seat.handler_bytes.size() + chunk.bytes.size() > kMaxHandlerTableBytes) {
    seat.boot_error = "its table of handlers came out of order or is too large";
    return kill(seat, core::DeathKind::BootFailure);
  }
  ++seat.next_chunk;
  seat.handler_bytes.insert(seat.handler_bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
  if (!chunk.last) return;
  auto handlers = decode_handlers(seat.handler_bytes);
  if (!handlers) {
    seat.boot_error = "its table of handlers is wrong: " + handlers.error().message;
    return kill(seat, core::DeathKind::BootFailure);
  }
  handlers_.set(std::move(*handlers), seat.handler_bytes);
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

void Pool::promote(core::Seat index) {
  Seat& seat = seats_[index];
  seat.state = core::SeatState::Active;
  record_of(index).flags = kLedgerReady;
  seat.process->send(worker_link::Drain{drain_.claiming_paused()});
  log_debug("worker takes jobs", {{"pool", config_.name}, {"worker", index}});
}

void Pool::ask_to_leave(core::Seat index, core::DeathKind why) {
  Seat& seat = seats_[index];
  seat.state = core::SeatState::Draining;
  if (seat.leaving || !seat.process) return;
  seat.leaving = true;
  if (!seat.ready) return kill(seat, why);
  seat.verdict = why;
  seat.process->control().drain.store(1, std::memory_order_release);  // SYNC: read by the worker between jobs.
  seat.process->send(worker_link::Exit{});
  seat.leave_by = host_.loop().now() + config_.grace + kLeaveRoom;
}

// Outside of a ladder: no job is at stake, or the whole worker has to go.
void Pool::kill(Seat& seat, core::DeathKind why) {
  if (!seat.process) return;
  if (!seat.verdict || why == core::DeathKind::Shutdown) seat.verdict = why;
  seat.state = core::SeatState::Condemned;
  ++book_.tally().kills;
  const Owner owner = seat.process->place().owner;
  if (seat.process->pid() != 0) host_.keeper().signal(owner.worker, owner.incarnation, SIGKILL);
}

}  // namespace ringmaster
