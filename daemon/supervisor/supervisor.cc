#include "daemon/supervisor/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "daemon/log/log.h"
#include "daemon/machine/process_rights.h"
#include "daemon/machine/program_place.h"
#include "daemon/sessions/session.h"
#include "daemon/supervisor/keeper_watch.h"
#include "daemon/supervisor/startup.h"
#include "ringmaster_version.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kStopSlack = std::chrono::seconds{20};  // the keeper gives 15 s, then kills everything

std::uint64_t nanoseconds(core::TimePoint time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

std::chrono::milliseconds milliseconds(core::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

config::OwnRights rights_of_daemon() {
  const ProcessRights own = own_rights();
  config::OwnRights rights{::geteuid(), own.nice, {}, ::getegid(), own_groups()};
  for (const auto& [resource, limit] : own.limits) rights.hard_limits.emplace_back(resource, limit.hard);
  return rights;
}

}  // namespace

Supervisor::Supervisor(EventLoop& loop, SupervisorStart start)
    : loop_(loop),
      start_(std::move(start)),
      started_(loop.now()),
      inherited_(start_.table.deposits),
      keeper_(loop, std::move(start_.keeper)),
      quota_(start_.config.limits),
      stock_worker_(find_program(kStockWorker, program_folders())),
      socket_(loop, keeper_, start_.socket_path, start_.config.daemon),
      health_(loop, start_.config.daemon.health_hold,
              {[this](core::HealthJudge& how, core::TimePoint now) { return judge(how, now); },
               [this] { return core::figures_of(pools_.seen_by(std::nullopt)); },
               [this](const std::string& line) { keeper_.notify("STATUS=" + line); }}),
      readiness_(start_.table.supervisor > 1 && !start_.cold, [this] { say_ready(); }),
      shutdown_(make_shutdown()) {
  quota_.when_refused([this](const core::QuotaRefusal& refusal) {
    if (const auto unsaid = refusal_pace_.line_due(loop_.now(), refusal.kind, refusal.uid)) {
      log_warning("a limit was reached",
                  {{"uid", refusal.uid}, {"reason", core::to_string(refusal)}, {"more_unsaid", *unsaid}});
    }
  });
}

Supervisor::~Supervisor() = default;

Result<void> Supervisor::run(std::function<void(int)> end) {
  end_ = std::move(end);
  if (auto found = check_programs(); !found) return found;
  if (auto opened = open_ledger(); !opened) return opened;
  if (auto opened = socket_.open(inherited_); !opened) return opened;
  sessions_ = std::make_unique<Sessions>(
      loop_, *this, quota_, [this](std::uint32_t serial) { jobs_->session_gone(serial); },
      [this] { created_->look_soon(); });
  jobs_ = std::make_unique<MessageJobs>(loop_, *this, *sessions_);
  created_ =
      std::make_unique<CreatedPools>(CreatedPools::Rooms{*this, pools_, *sessions_, quota_, *this},
                                     CreatedPools::Terms{rights_of_daemon(), start_.config.daemon.shutdown_timeout});
  desk_ = std::make_unique<RequestRouter>(loop_, *this, *sessions_, *jobs_, *created_);
  listen_to_keeper();
  open_cgroups(cgroups_, start_.config);
  // Starts the tracer now, in the cgroup that this process is in: in the delegated root it would block controllers.
  stacks_ = std::make_unique<StackDesk>(loop_, ledger(), find_program("ringmaster-tracer", program_folders()));
  const auto take = [this](keeper::DepositKind kind, std::uint32_t a, std::uint32_t b) {
    return inherited_.take(kind, a, b);
  };
  if (auto opened = pools_.open(*this, start_.config.pools, ledger_->pools(), take); !opened) return opened;
  if (supervisor_incarnation() > 1) created_->adopt(take);
  adopt_workers(start_.table, ledger(), inherited_, pools_, keeper_, cgroups_);
  if (supervisor_incarnation() > 1) adopt_sessions(*sessions_, *jobs_, inherited_, pools_, start_.cold);
  created_->start();
  for (const auto& pool : pools_.all()) pool->start();
  for (const keeper::ExitRecord& exit : start_.table.exits) on_exit(exit);
  release_leftovers(inherited_, keeper_);
  serve();
  // A predecessor was told to stop and died before it had. (A cold start has cleared the word.)
  if (ledger().stopping.load(std::memory_order_relaxed) != 0) loop_.post([this] { stop(); });
  return {};
}

// Only the first supervisor fails if a program is missing. A successor reports it when it starts a worker, so that what
// runs goes on.
Result<void> Supervisor::check_programs() const {
  const auto stock = [](const config::PoolConfig& pool) { return pool.command.empty(); };
  if (supervisor_incarnation() != 1 || std::ranges::none_of(start_.config.pools, stock)) return {};
  auto found = check_program(kStockWorker, program_folders());
  if (!found) return Error{found.error().message, keeper::kExitUnavailable};
  return {};
}

Result<void> Supervisor::open_ledger() {
  LifeFacts life;
  life.pools = start_.config.pools.size();
  life.pools_to_come = quota_.limits().pools_per_uid.value_or(0) != 0;
  life.supervisor = start_.table.supervisor;
  life.cold = start_.cold;
  life.now_ns = nanoseconds(loop_.now());
  life.keeper_pid = static_cast<std::uint32_t>(::getppid());
  auto opened = LedgerSegment::open(inherited_.take(keeper::DepositKind::Ledger, 0, 0), life);
  if (!opened) return Error{opened.error().message, keeper::kExitUnavailable};
  ledger_ = std::move(*opened);
  end_with_keeper(ledger());
  if (!ledger_->fresh()) return {};
  auto kept = config::write_inherited(start_.inherited);
  if (!kept) return Error{kept.error().message, keeper::kExitUnavailable};
  // The deposit includes the number of CPUs: "auto" pools must have the same seats with every successor.
  const std::array labels{keeper::make_label(keeper::DepositKind::Ledger),
                          keeper::make_label(keeper::DepositKind::Config, start_.cpus.usable,
                                             static_cast<std::uint32_t>(start_.inherited.text.size()))};
  const std::array fds{ledger_->fd(), kept->get()};
  keeper_.deposit(labels, fds, nullptr);
  return {};
}

void Supervisor::listen_to_keeper() {
  keeper_.start({[this](const keeper::ExitRecord& exit) { on_exit(exit); }, [this] { stop(); },
                 [this] {
                   log_error("the link to ringmasterd is lost; this supervisor ends");
                   await_end_of_keeper();
                   end_(keeper::kExitUnavailable);
                 }});
}

void Supervisor::serve() {
  server_ = std::make_unique<ControlServer>(loop_, socket_.to_accept_on(), start_.config.daemon, quota_, *desk_);
  server_->when_probed([this] { socket_.probe_arrived(); });
  socket_.guard([this](UniqueFd listener) { server_->listen_on(std::move(listener)); });
  desk_->count_connections([this] { return server_->connections(); });
  log_info(supervisor_incarnation() == 1 ? "serving" : "took over", {{"socket", socket_.path()},
                                                                     {"version", RINGMASTER_VERSION},
                                                                     {"supervisor", supervisor_incarnation()},
                                                                     {"workers", start_.cpus.why}});
  pool_changed();
}

std::uint64_t Supervisor::daemon_id() const { return ledger_->record().daemon_id; }

std::string Supervisor::refusal() const {
  return shutdown_.stopping() ? "the daemon is stopping; start it again, or wait for its successor" : std::string{};
}

void Supervisor::deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                         std::function<void(bool)> acked) {
  keeper_.deposit(labels, fds, [acked = std::move(acked)](int error) { acked(error == 0); });
}

void Supervisor::on_exit(const keeper::ExitRecord& exit) {
  pools_.places().unblock(exit.worker);
  if (Pool* pool = pools_.of_worker(exit.worker)) return pool->on_exit(exit);
  cgroups_.remove({static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)});
  keeper_.ack_exit(exit.worker, exit.incarnation);
}

core::Health Supervisor::judge(core::HealthJudge& judge, core::TimePoint now) const {
  // Whatever its users' own pools do, the daemon is well.
  const std::vector<core::PoolSnapshot> pools = pools_.seen_by(std::nullopt);
  core::DaemonSnapshot daemon;
  if (shutdown_.stopping()) daemon.state = core::Drain::State::Stopping;
  daemon.keeper_silence = now - keeper_.last_heard();
  if (const auto most = quota_.most_socket_jobs()) {
    const std::uint64_t limit = quota_.limits().socket_jobs_per_uid;
    daemon.fullest_queue = {"uid " + std::to_string(most->first) + " has " + std::to_string(most->second) + " of " +
                                std::to_string(limit) + " socket jobs (socket_jobs_per_uid)",
                            most->second, limit};
  }
  const std::string& cgroup = start_.config.daemon.cgroup;
  if (cgroup != "auto" && cgroup != "off" && !cgroups_.enabled()) {
    daemon.unmet.push_back("[daemon] cgroup = \"" + cgroup + "\" is not in force: " + cgroups_.why());
  }
  daemon.pools = pools;
  daemon.pools_come = quota_.limits().pools_per_uid.value_or(0) != 0;
  return judge.look(now, daemon);
}

void Supervisor::pool_changed() {
  if (!server_) return;
  created_->look_soon();
  readiness_.look(pools_.judged(), pools_.configured());
  health_.look();
  shutdown_.pool_changed();
}

void Supervisor::say_ready() {
  keeper_.set_phase(shutdown_.stopping() ? keeper::Phase::Stopping : keeper::Phase::Serving,
                    milliseconds(start_.config.daemon.shutdown_timeout));
  keeper_.notify("READY=1");
  log_info("ready", {{"socket", socket_.path()},
                     {"after", std::chrono::round<std::chrono::milliseconds>(loop_.now() - started_)}});
}

ShutdownHand Supervisor::make_shutdown() {
  return ShutdownHand{
      {[this] { return loop_.now(); },
       [this](core::Duration delay, std::function<void()> then) { loop_.after(delay, std::move(then)); }},
      {[this] { return pools_.all_stopped(); }, [this] { return work_ended(); },
       [this] { return server_->unsent_bytes() == 0; }},
      {[this] { begin_stop(); },
       [this] {
         // Every worker is fenced: open jobs end as lost, and clients that wait are told.
         sessions_->end_all_sessions(Cause::Lost);
         jobs_->look();
       },
       [this] {
         server_->stop_accepting();
         socket_.remove();
         log_info("stopped");
       },
       [this] { end_(keeper::kExitStopped); }}};
}

void Supervisor::begin_stop() {
  ledger().stopping.store(1, std::memory_order_relaxed);
  const core::Duration timeout = start_.config.daemon.shutdown_timeout;
  log_info("stopping", {{"shutdown_timeout", timeout}});
  // Asks the service manager to wait for running jobs and the kills that follow. This never shortens its own timeout.
  const auto needed = std::chrono::duration_cast<std::chrono::microseconds>(timeout + kStopSlack);
  keeper_.notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(needed.count()));
  keeper_.set_phase(keeper::Phase::Stopping, milliseconds(timeout));
  created_->stop();
  for (const auto& pool : pools_.all()) pool->stop(timeout);
  pool_changed();
}

// Clients that wait for a job that has ended get their answers first.
bool Supervisor::work_ended() {
  jobs_->look();
  bool sessions_left = false;
  sessions_->for_each([&](const Session&) { sessions_left = true; });
  return !sessions_left && jobs_->unfinished() == 0;
}

DaemonView Supervisor::view(const Viewer& viewer) {
  const core::TimePoint now = loop_.now();
  const core::Health health_now = health_.health();
  DaemonView view;
  view.keeper_pid = ::getppid();
  view.supervisor_pid = ::getpid();
  view.uptime = now - core::from_monotonic_ns(ledger().daemon_started_ns);
  view.supervisor_uptime = now - started_;
  view.supervisor_incarnation = supervisor_incarnation();
  view.state = shutdown_.stopping() ? "stopping" : "running";
  view.health = core::to_string(health_now.level);
  view.health_reasons = health_now.reasons;
  view.summary = core::health_line(health_now, core::figures_of(pools_.seen_by(viewer)));
  view.socket = socket_.path();
  view.socket_passed = socket_.passed();
  view.notice = start_.cpus.why;
  return view;
}

HealthView Supervisor::health(const Viewer& viewer) {
  const core::Health now = health_.health();
  return {core::to_string(now.level), now.reasons, core::health_line(now, core::figures_of(pools_.seen_by(viewer))),
          now.level == core::HealthLevel::Healthy || now.level == core::HealthLevel::Degraded};
}

}  // namespace ringmaster::daemon
