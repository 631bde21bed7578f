#include "daemon/pool/pool.h"

#include <unistd.h>

#include <algorithm>
#include <random>

#include "base/overloaded.h"
#include "daemon/core/pool/admission.h"
#include "daemon/log/log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/pool/book/kill_order.h"
#include "daemon/pool/pool_fds.h"
#include "daemon/sessions/session.h"

// How a pool is put together, and how events reach its parts; pool_round.cc is what follows from the events.
namespace ringmaster::daemon {
namespace {

core::RestartPolicy::Random make_random() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  };
}

constexpr std::uint64_t kIdleWaitNs = 60'000'000'000;

worker_link::Settings settings_of(const config::PoolConfig& config, unsigned usable_cpus) {
  worker_link::Settings settings;
  settings.spin_ns = static_cast<std::uint64_t>(config.spin.count());
  settings.max_spinners = std::max(1U, usable_cpus / 2);
  settings.idle_wait_ns = kIdleWaitNs;
  settings.grace_ns = static_cast<std::uint64_t>(config.grace.count());
  settings.keep_leftovers = config.keep_leftovers;
  return settings;
}

// The request of a job that its worker has claimed. `parcels` is null: the session is none of the pool's.
void give_parcel(PoolWorker& worker, const worker_link::AskParcel& ask, RequestParcels* parcels) {
  auto given = parcels == nullptr ? Result<RoomGiven>(Error{"its session has ended"})
                                  : parcels->parcel({static_cast<std::uint16_t>(ask.index), ask.serial, ask.slot,
                                                     ask.seq, ask.parcel, worker.name().owner});
  if (given) return worker.send_room(ask.number, std::move(*given));
  worker.send(worker_link::NoRoom{ask.number, std::move(given.error().message)});
}

}  // namespace

Pool::Pool(PoolContext& host, const config::PoolConfig& config, std::uint32_t index, std::uint16_t first_worker)
    : host_(host),
      config_(config),
      index_(index),
      first_worker_(first_worker),
      seats_(seats_of(config)),
      sessions_(config.name, config.uid.value_or(::geteuid()),
                [&host](auto action) { host.loop().post(std::move(action)); }),
      handlers_(index, host.keeper(), [&host](auto action) { host.loop().post(std::move(action)); }),
      bell_watch_(host.loop(),
                  [this] {
                    looks_.stir();
                    look_due_ = true;
                    round();
                  }),
      book_(host.ledger(), index, seats_of(config)),
      statistics_(host.ledger().pools[index], seats_of(config)),
      charges_(host.loop(), host.ledger().pools[index], config_,
               [this](const auto& tell) {
                 for (const Seat& seat : seats_) {
                   if (seat.process) tell(seat.process->control());
                 }
               }),
      burial_(config_, first_worker, {host.ledger(), book_, sessions_, handlers_, host.sessions(), host.keeper()},
              {[this](const auto& dead) { return killed_for_memory(dead); },
               [this](const auto& death) { return charges_.bury(death); }, [this] { call(); }}),
      drain_(config.name, index, {host.ledger(), book_, sessions_, host.sessions()},
             {[this] { call(); }, [&host](auto action) { host.loop().post(std::move(action)); }}),
      queues_(config.queue_timeout, {book_, sessions_, statistics_, host.sessions()}),
      hand_(index, first_worker,
            {config.uid.value_or(::geteuid()), config.uid ? config.gid.value_or(::getegid()) : ::getegid()},
            {host.ledger(), book_, sessions_, handlers_, host.sessions(), host.keeper()},
            {[this] { call(); }, [this](core::SeatNumber seat, const auto& order) { capture(seat, order); }}),
      watcher_(config.name, first_worker, {{config.run_timeout, config.max_timeout}, config.grace},
               {host.ledger(), sessions_, handlers_, hand_}, dumps_core),
      orders_(config.name, first_worker, config.grace + kLeaveRoom, {host.ledger(), book_, host.keeper()}),
      boot_({settings_of(config, host.usable_cpus()), config.start_timeout}, handlers_),
      starter_(
          config_, index, first_worker, host.stock_worker(),
          {host.loop(), host.ledger(), book_, sessions_, host.keeper(), host.cgroups()},
          {[this](shm::ControlRecord& control) { charges_.show(control); },
           [this](core::SeatNumber seat, worker_link::ToSupervisor&& message) { on_message(seat, std::move(message)); },
           [this](core::SeatNumber seat, const std::string& what) { on_violation(seat, what); },
           [this](core::SeatNumber seat) { staffing_.no_start(seat, host_.loop().now()); }, [this] { round_.ask(); }}),
      staffing_(config_, {seats_, handlers_, orders_},
                {[this](core::SeatNumber seat) { starter_.start(seats_[seat], seat); }, resident_bytes, make_random()}),
      report_(config_, index,
              {host.ledger(), seats_, sessions_, handlers_, staffing_, drain_, book_, statistics_, charges_, queues_,
               host.cgroups()}),
      round_([&host](auto action) { host.loop().post(std::move(action)); }, [this] { round(); }) {}

Pool::~Pool() {
  if (timer_) host_.loop().cancel(*timer_);
}

Result<void> Pool::open(PoolFds inherited) {
  const bool fresh = !inherited.board || !inherited.bell;
  fds_ = std::move(inherited);
  if (fresh) {
    auto made = create_pool_fds(index_);
    if (!made) return made.error();
    fds_.board = std::move(made->board);
    fds_.bell = std::move(made->bell);
  }
  auto mapping = shm::Mapping::map(fds_.board.get(), shm::Access::ReadWrite);
  if (!mapping) return mapping.error();
  board_map_ = std::move(*mapping);
  shm::LedgerPool& record = host_.ledger().pools[index_];
  config_.name.copy(record.name, sizeof record.name - 1);
  board_ = shm::open_board(board_map_.bytes());
  if (board_ == nullptr) return Error{"the board of pool \"" + config_.name + "\" has another layout"};
  if (fresh) {
    const std::array labels{keeper::make_label(keeper::DepositKind::Board, index_),
                            keeper::make_label(keeper::DepositKind::PoolBell, index_)};
    const std::array fds{fds_.board.get(), fds_.bell.get()};
    host_.keeper().deposit(labels, fds, nullptr);
  }
  if (auto taken = handlers_.inherit(std::move(fds_.handlers)); !taken) return taken;
  drain_.open(*board_);
  hand_.open(*board_);
  starter_.open(fds_.board.get(), fds_.bell.get());
  if (!fresh) drain_.resume_drain(host_.loop().now());
  return {};
}

void Pool::start() {
  started_ = true;
  if (config_.memory_max.value != 0 && !host_.cgroups().limits_memory()) {
    log_warning("memory_max is not enforced: workers have no cgroup with a memory controller",
                {{"pool", config_.name}, {"memory_max", config_.memory_max}, {"reason", host_.cgroups().why()}});
  }
  book_.restore();
  staffing_.take_over(host_.loop().now());
  statistics_.note(host_.loop().now(), report_.total(), false);
  for (Seat& seat : seats_) {
    if (seat.process) watcher_.resume_verdict(seat, host_.loop().now());
  }
  for (const shm::Intent& job : std::exchange(cancelled_before_start_, {})) {
    cancel_running(job.session, job.slot, job.seq);
  }
  round();  // starts workers before the first request is served
}

std::string Pool::refusal() const {
  return core::refusal(config_.name, drain_.state(), staffing_.availability().failing() && none_ready(seats_),
                       book_.last_death());
}

void Pool::when_handlers_known(Callback done) {
  handlers_.wait(std::move(done));
  if (handlers_.known() || staffing_.availability().failing() || drain_.stopping()) handlers_.tell_waiting();
}

void Pool::when_handlers_told(Callback done) {
  if (handlers_.told()) return host_.loop().post(std::move(done));
  handlers_.wait_until_told(std::move(done));
  if (staffing_.availability().failing() || drain_.stopping()) handlers_.tell_waiting();
}

void Pool::attach(const Session& session, Callback done) {
  if (sessions_.add(session)) bell_watch_.add(session.bell.get());
  // Its jobs may have a shorter timeout than those that the next look was planned for.
  if (looks_.next_look()) looks_.wake(host_.loop().now(), shortest_run());
  drain_.on_attach(session);
  for (Seat& seat : seats_) {
    if (seat.process && seat.ready) sessions_.attach_to(seat, session);
  }
  // Does not wait for the workers: they answer between jobs, and a long job must not keep a client from opening. A
  // worker that attaches later still sees a bell that rang before.
  host_.loop().post(std::move(done));
  round_.ask();
}

void Pool::detach(std::uint16_t index, std::uint32_t serial, Callback done) {
  if (const Session* session = sessions_.find(index, serial)) {
    bell_watch_.remove(session->bell.get());
    statistics_.take_refusals(*session);
  }
  sessions_.detach(index, serial, seats_, std::move(done));
  round_.ask();
}

PoolDrain::Crew Pool::crew() { return {seats_, staffing_.no_worker_will_come()}; }

void Pool::drain(DrainDone done) {
  drain_.drain(host_.loop().now(), crew(), std::move(done));
  round_.ask();
}

void Pool::resume() {
  drain_.resume(host_.loop().now(), crew());
  round_.ask();
}

void Pool::stop(core::Duration timeout) {
  drain_.stop(host_.loop().now(), crew(), timeout);
  handlers_.tell_waiting();
  round_.ask();
}

void Pool::remove(core::Duration timeout) {
  drain_.stop(host_.loop().now(), crew(), timeout, Cause::PoolRemoved);
  handlers_.tell_waiting();
  round_.ask();
}

void Pool::resize(core::WorkerRange range) {
  staffing_.set_range(range, host_.loop().now());
  round_.ask();
}

void Pool::call() {
  WorkCall::everyone(seats_);
  keep_looking();
}

void Pool::call(const Session& session) {
  calls_.one(seats_, *board_, session);
  calls_.look_again(host_.loop(), [this] {
    if (WorkCall::passed_over(*board_, sessions_.all())) WorkCall::everyone(seats_);
  });
  keep_looking();
}

// A worker that was called may take a job for which no bell rings, so the supervisor must look at its lane.
void Pool::keep_looking() {
  if (!looks_.next_look()) round_.ask();
  looks_.wake(host_.loop().now(), shortest_run());
}

void Pool::cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) {
  // Kept until start(): a look before that would treat runs that a predecessor knew as new ones.
  if (!started_) return cancelled_before_start_.push_back({index, slot, seq});
  for (Seat& seat : seats_) {
    if (seat.process) watcher_.cancel(seat, {index, slot, seq}, host_.loop().now());
  }
  round_.ask();
}

void Pool::force_end(const shm::Intent& job, core::Duration grace) {
  for (Seat& seat : seats_) {
    if (seat.process) {
      watcher_.force_end(seat, job, grace, host_.loop().now());
    } else if (seat.orphan) {
      burial_.note_forced(seat, job);
    }
  }
  round_.ask();
}

void Pool::on_violation(core::SeatNumber index, const std::string& what) {
  log_warning("worker sent a message that is not allowed, and is killed",
              {{"pool", config_.name}, {"seat", index}, {"pid", seats_[index].process->pid()}, {"reason", what}});
  seats_[index].boot_error = what;
  orders_.kill(seats_[index], core::DeathKind::ProtocolViolation);
  round_.ask();
}

void Pool::on_message(core::SeatNumber index, worker_link::ToSupervisor&& message) {
  Seat& seat = seats_[index];
  if (!seat.process) return;
  PoolWorker& process = *seat.process;
  const shm::Owner owner = process.name().owner;
  const core::TimePoint now = host_.loop().now();
  const auto boots = [&](bool on) {
    if (!on) orders_.kill(seat, core::DeathKind::BootFailure);
  };
  std::visit(Overloaded{
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
                   log_error("worker cannot start", {{"pool", config_.name}, {"seat", index}, {"error", failed.text}});
                 },
                 [&](worker_link::Leaving&&) { on_leaving(index); },
                 [&](worker_link::AskRoom&& ask) { on_ask_room(index, ask); },
                 [&](worker_link::AskParcel&& ask) {
                   const bool ours = sessions_.find(static_cast<std::uint16_t>(ask.index), ask.serial) != nullptr;
                   give_parcel(process, ask, ours ? &host_.parcels() : nullptr);
                 },
                 [](worker_link::Output&&) {},  // its process has put it into the log
                 [&](worker_link::Leftovers&& left) {
                   leftovers_.note(now, {config_.name, index, process.pid()}, left);
                 },
             },
             std::move(message));
  round_.ask();
}

void Pool::on_ask_room(core::SeatNumber index, const worker_link::AskRoom& ask) {
  const std::uint32_t incarnation = seats_[index].process->name().owner.incarnation;
  // Not called once the session is gone, which goes before its pool.
  auto answer = [this, index, incarnation, number = ask.number](Result<RoomGiven>&& room) {
    const Seat& seat = seats_[index];
    if (!seat.process || seat.process->name().owner.incarnation != incarnation) return;
    if (room) return seat.process->send_room(number, std::move(*room));
    seat.process->send(worker_link::NoRoom{number, std::move(room.error().message)});
  };
  const auto session = static_cast<std::uint16_t>(ask.index);
  if (sessions_.find(session, ask.serial) == nullptr) return answer(Error{"its session has ended"});
  host_.result_rooms().ask({session, ask.serial, ask.slot, ask.seq, ask.has, ask.needed, ask.wished},
                           std::move(answer));
}

void Pool::on_leaving(core::SeatNumber index) {
  Seat& seat = seats_[index];
  const shm::LaneRecord& lane = seat.process->lane();
  if (!has_worked(lane)) return on_violation(index, "it leaves before it has ended a job");
  const bool had_its_jobs = has_had_its_jobs(lane, config_.recycle.max_jobs);
  orders_.note_leaving(seat, had_its_jobs ? "jobs" : "its own wish", host_.loop().now());
}

void Pool::on_ready(core::SeatNumber index) {
  Seat& seat = seats_[index];
  if (seat.ready || seat.verdict) return;
  const core::TimePoint now = host_.loop().now();
  seat.ready = true;
  if (seat.state == core::SeatState::Starting) seat.state = core::SeatState::Spare;
  host_.ledger().workers[first_worker_ + index].flags = shm::kLedgerReady | shm::kLedgerSpare;
  handlers_.confirm();
  staffing_.became_ready(index, now);
  staffing_.took_to_start(now - seat.started);
  log_info("worker ready",
           {{"pool", config_.name},
            {"seat", index},
            {"pid", seat.process->pid() != 0 ? seat.process->pid() : static_cast<std::int32_t>(seat.said_pid)},
            {"after", std::chrono::round<std::chrono::milliseconds>(now - seat.started)}});
  handlers_.tell_waiting();
  sessions_.attach_all_to(seat);
}

void Pool::adopt(std::uint16_t number, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead) {
  const auto index = static_cast<core::SeatNumber>(number);
  Seat& seat = seats_[index];
  switch (starter_.adopt(seat, index, incarnation, pid, std::move(fds), dead)) {
    case SeatStart::Taken::Orphan:
      if (!dead) orders_.kill_orphan(seat);
      return;
    case SeatStart::Taken::Dead:
      return;
    case SeatStart::Taken::Booting:
      // A new process is simpler than guessing what this one had told the predecessor.
      return orders_.kill(seat, core::DeathKind::Recycled);
    case SeatStart::Taken::Ready:  // the predecessor may have died before it sent a kill that is on record
      if (const auto why = kill_order(host_.ledger().workers[first_worker_ + index])) return orders_.kill(seat, *why);
      break;
  }
  staffing_.became_ready(index, host_.loop().now());
  orders_.resume(seat, drain_.claiming_paused(), host_.loop().now());
}

void Pool::on_exit(const keeper::ExitRecord& exit) {
  const core::TimePoint now = host_.loop().now();
  const auto now_ns = static_cast<std::uint64_t>(now.time_since_epoch().count());
  // One whose start and exit the keeper told in one breath.
  Seat& exited = seats_[exit.worker - first_worker_];
  if (exited.capture_owed && exited.process && exited.process->name().owner.incarnation == exit.incarnation)
    hand_.forgo_capture(exited, now);
  const Burial::Buried buried = burial_.bury({seats_, *board_, drain_.stopping(), now_ns, drain_.lost_as()}, exit);
  const core::RestartPolicy::Died& died = buried.died;
  const bool orphan = buried.kin == Burial::Kin::Orphan;
  Seat& seat = seats_[died.seat];
  if (buried.kin != Burial::Kin::Stranger) {
    // It may have finished its first job since the last look.
    if (!orphan && died.jobs_finished != 0) staffing_.finished_first_job(seat, died.seat, now);
    seat = {};
  }
  host_.cgroups().remove(buried.owner);
  if (buried.kin == Burial::Kin::Stranger) return;
  sessions_.process_gone(buried.owner);
  staffing_.died(died, orphan, now);
  round_.ask();
}

}  // namespace ringmaster::daemon
