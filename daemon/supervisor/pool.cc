#include "daemon/supervisor/pool.h"

#include <unistd.h>

#include <algorithm>
#include <random>

#include "daemon/core/admission.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "shm/doorbell.h"
#include "shm/memfd.h"

// The gate of a pool and the round that follows every event; pool_drain.cc, pool_workers.cc, pool_watch.cc,
// pool_reap.cc are the rest.
namespace ringmaster {
namespace {

core::RestartPolicy::Random make_random() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  };
}

// A look that nobody asked for, should a ring get lost. At whole multiples, so that all pools take one wake-up.
constexpr core::Duration kIdleLook = std::chrono::seconds{10};
core::Duration until_idle_look(core::TimePoint now) { return kIdleLook - now.time_since_epoch() % kIdleLook; }
constexpr core::Duration kKillRepeat = std::chrono::seconds{1};
constexpr core::Duration kOwedRetry = std::chrono::milliseconds{100};  // of a session that a worker could not be given

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

}  // namespace

Pool::Pool(PoolHost& host, const config::PoolConfig& config, std::uint32_t index, std::uint16_t first_worker)
    : host_(host),
      config_(config),
      index_(index),
      first_worker_(first_worker),
      seats_(config.workers + config.spares),
      sessions_(config.name, config.uid.value_or(::geteuid()),
                [&host](auto action) { host.loop().post(std::move(action)); }),
      handlers_(index, host.keeper(), [&host](auto action) { host.loop().post(std::move(action)); }),
      availability_(config.workers + config.spares),
      policy_(config.restart, config.workers + config.spares, make_random()),
      bell_watch_(host.loop(),
                  [this] {
                    looks_.stir();
                    on_timer();
                  }),
      book_(host.ledger_record(), index, config.workers + config.spares),
      statistics_(host.ledger_record().pools[index], config.workers + config.spares),
      charges_(host.loop(), host.ledger_record().pools[index], config_,
               [this](const auto& tell) {
                 for (const Seat& seat : seats_) {
                   if (seat.process) tell(seat.process->control());
                 }
               }),
      burial_(config_, first_worker,
              {host.ledger_record(), book_, sessions_, handlers_, host.sessions(), host.keeper()},
              {[this](const auto& dead) { return killed_for_memory(dead); },
               [this](const auto& death) { return charges_.bury(death); }, [this] { call(); }}),
      drain_(config.name, index, {host.ledger_record(), book_, sessions_, host.sessions()},
             {[this] { call(); }, [&host](auto action) { host.loop().post(std::move(action)); }}),
      queues_(config.queue_deadline, {book_, sessions_, statistics_, host.sessions()}),
      hand_(index, first_worker,
            {config.uid.value_or(::geteuid()), config.uid ? config.gid.value_or(::getegid()) : ::getegid()},
            {host.ledger_record(), book_, sessions_, handlers_, host.sessions(), host.keeper()},
            {[this] { call(); }, [this](core::Seat seat, const auto& order) { capture(seat, order); }}),
      watcher_(config.name, first_worker, {{config.run_deadline, config.max_deadline}, config.grace},
               {host.ledger_record(), sessions_, handlers_, hand_}, dumps_core),
      orders_(config.name, first_worker, config.grace + kLeaveRoom, {host.ledger_record(), book_, host.keeper()}),
      boot_({settings_of(config, host.usable_cpus()), config.start_timeout}, handlers_),
      starter_(config_, index, first_worker, host.stock_worker(),
               {host.loop(), host.ledger_record(), book_, sessions_, host.keeper(), host.cgroups()},
               {[this](ControlRecord& control) { charges_.show(control); },
                [this](core::Seat seat, auto&& message) { on_message(seat, std::move(message)); },
                [this](core::Seat seat, const std::string& what) { on_violation(seat, what); },
                [this](core::Seat seat) { on_no_start(seat); }, [this] { update(); }}) {}

Pool::~Pool() = default;

Result<void> Pool::open(PoolFds inherited) {
  const bool fresh = !inherited.board || !inherited.bell;
  fds_ = std::move(inherited);
  if (fresh) {
    auto board = create_segment("ringmaster-board", sizeof(BoardRecord));
    if (!board) return board.error();
    auto bell = create_doorbell();
    if (!bell) return bell.error();
    fds_.board = std::move(*board);
    fds_.bell = std::move(*bell);
  }
  auto mapping = Mapping::map(fds_.board.get(), Access::ReadWrite);
  if (!mapping) return mapping.error();
  board_map_ = std::move(*mapping);
  LedgerPool& record = host_.ledger_record().pools[index_];
  config_.name.copy(record.name, sizeof record.name - 1);
  board_ = fresh ? format_board(board_map_.bytes(), index_) : open_board(board_map_.bytes());
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
  book_.restore();
  statistics_.note(host_.loop().now(), total(), false);
  for (Seat& seat : seats_) {
    if (seat.process) watcher_.resume_verdict(seat, host_.loop().now());
  }
  update();
}

std::string Pool::refusal() const {
  return core::refusal(config_.name, drain_.state(), availability_.failing() && none_ready(seats_), book_.last_death());
}

void Pool::when_handlers_known(Callback done) {
  handlers_.wait(std::move(done));
  if (handlers_.known() || availability_.failing()) handlers_.tell_waiting();
}

void Pool::attach(const Session& session, Callback done) {
  if (sessions_.add(session)) bell_watch_.add(session.bell.get());
  drain_.on_attach(session);
  for (Seat& seat : seats_) {
    if (seat.process && seat.ready) sessions_.attach_to(seat, session);
  }
  // Not waited for: a worker answers between jobs, and one that is busy for long must not keep a client from opening.
  // Who attaches later finds the bell that rang before.
  host_.loop().post(std::move(done));
  update();
}

void Pool::detach(std::uint16_t index, std::uint32_t serial, Callback done) {
  if (const Session* session = sessions_.find(index, serial)) {
    bell_watch_.remove(session->bell.get());
    statistics_.take_refusals(*session);
  }
  sessions_.detach(index, serial, seats_, std::move(done));
  update();
}

PoolDrain::Crew Pool::crew() { return {seats_, policy_.quarantined() && none_ready(seats_)}; }

void Pool::drain(DrainDone done) {
  drain_.drain(host_.loop().now(), crew(), std::move(done));
  update();
}

void Pool::resume() {
  drain_.resume(host_.loop().now(), crew());
  update();
}

void Pool::stop(core::Duration timeout) {
  drain_.stop(host_.loop().now(), crew(), timeout);
  update();
}

void Pool::kill_running() {
  for (Seat& seat : seats_) {
    orders_.kill_orphan(seat);
    if (seat.process && !watcher_.end_run(seat, host_.loop().now())) orders_.kill(seat, core::DeathKind::Shutdown);
  }
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

// Who was called may take a job, of which no bell tells the supervisor either.
void Pool::keep_looking() {
  const core::TimePoint now = host_.loop().now();
  const bool sleeps = !looks_.next_look();
  looks_.wake(now, shortest_run());
  if (sleeps) schedule(now);
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

void Pool::update() {
  if (!started_ || updating_) return;
  updating_ = true;
  const core::TimePoint now = host_.loop().now();
  on_policy(policy_.handle(now, core::RestartPolicy::TimerFired{}));
  if (drain_.deadline_passed(now, crew())) kill_running();
  drain_.step(now, crew());
  apply_plan(now);
  // A message wakes its worker, and one that is awake takes a job without a ring.
  for (Seat& seat : seats_) {
    if (seat.process && seat.process->take_told()) looks_.wake(now, shortest_run());
  }
  schedule(now);
  updating_ = false;
  host_.pool_changed();
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

void Pool::schedule(core::TimePoint now) {
  std::optional<core::TimePoint> next = plan_again_;
  const auto at_most = [&next](std::optional<core::TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  at_most(policy_.next_timer());
  at_most(drain_.next_deadline(now));
  at_most(looks_.next_look());
  at_most(queues_.next_deadline());
  for (const Seat& seat : seats_) {
    if (seat.orphan && drain_.state() == core::Drain::State::Killing) at_most(now + kKillRepeat);
    if (!seat.process) continue;
    at_most(boot_.deadline(seat));
    if (seat.leave_by) at_most(seat.leave_by);
    if (seat.owes_attach) at_most(now + kOwedRetry);
    at_most(seat.run.next_deadline());
    if (drain_.state() == core::Drain::State::Killing) at_most(now + kKillRepeat);
  }
  if (drain_.state() == core::Drain::State::Stopped) next.reset();
  if (timer_) host_.loop().cancel(*timer_);
  timer_.reset();
  const core::Duration delay =
      next ? std::max(*next - now, core::Duration{std::chrono::microseconds{100}}) : until_idle_look(now);
  if (!next && (workers_gone(seats_) && drain_.stopping())) return;
  timer_ = host_.loop().after(std::min(delay, until_idle_look(now)), [this] {
    timer_.reset();
    on_timer();
  });
}

void Pool::on_timer() {
  const core::TimePoint now = host_.loop().now();
  look(now);
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    if (drain_.state() == core::Drain::State::Killing) orders_.kill_orphan(seat);
    if (!seat.process) continue;
    seat.process->flush();
    sessions_.attach_owed(seat);
    watcher_.on_timer(seat, now);
    if (boot_.timed_out(seat, now)) {
      log_warning("worker was not ready in time and is killed; see start_timeout",
                  {{"pool", config_.name}, {"worker", i}, {"start_timeout", config_.start_timeout}});
      available(core::Availability::Event::StartTimedOut);
      orders_.kill(seat, core::DeathKind::BootFailure);
    } else if (drain_.state() == core::Drain::State::Killing && !seat.run.ladder()) {
      orders_.kill(seat, core::DeathKind::Shutdown);
    } else {
      orders_.end_leaver(seat, now);
    }
  }
  update();
}

LedgerWorker& Pool::record_of(core::Seat seat) const {
  return host_.ledger_record().workers[first_worker_ + std::size_t{seat}];
}

}  // namespace ringmaster
