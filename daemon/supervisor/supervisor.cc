#include "daemon/supervisor/supervisor.h"

#include <unistd.h>

#include <algorithm>

#include "daemon/log/log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/os/descriptors.h"
#include "daemon/sessions/session.h"
#include "daemon/supervisor/keeper_watch.h"
#include "ringmaster_version.h"

namespace ringmaster {
namespace {

constexpr core::Duration kEndPause = std::chrono::milliseconds{10};
constexpr unsigned kEndTries = 100;
constexpr unsigned kSendTries = 50;
constexpr core::Duration kStopSlack = std::chrono::seconds{20};  // the keeper gives 15 s, then kills everything

constexpr const char* kStockWorker = "ringmaster-worker";

std::vector<std::string> program_folders() {
  const std::string own = program_folder();
  return {own, own + "/../libexec/ringmaster", own + "/../worker", RINGMASTER_LIBEXEC_DIR};
}

// The last place where there is none: starting it tells.
std::string find_program(const std::string& name) {
  std::string place;
  for (const std::string& folder : program_folders()) {
    place = folder + "/" + name;
    if (::access(place.c_str(), X_OK) == 0) break;
  }
  return place;
}

Result<void> check_stock_worker(const std::string& found) {
  if (::access(found.c_str(), X_OK) == 0) return {};
  std::string places;
  for (const std::string& folder : program_folders()) places += (places.empty() ? "\"" : ", nor in \"") + folder + "\"";
  return Error{std::string("cannot find the program \"") + kStockWorker + "\": it is neither in " + places +
                   "; install the daemon as a whole (cmake --install)",
               keeper::kExitUnavailable};
}

}  // namespace

Supervisor::Supervisor(EventLoop& loop, SupervisorStart start)
    : loop_(loop),
      start_(std::move(start)),
      keeper_(loop, std::move(start_.keeper)),
      quota_(start_.config.limits),
      stock_worker_(find_program(kStockWorker)),
      started_(loop.now()),
      health_(loop, start_.config.daemon.health_hold,
              {[this](core::HealthJudge& how, core::TimePoint now) { return judge(how, now); },
               [this] { return core::figures_of(snapshots()); },
               [this](const std::string& line) { keeper_.notify("STATUS=" + line); }}) {
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
  for (const keeper::InheritedDeposit& deposit : start_.table.deposits) {
    const auto kind = static_cast<keeper::DepositKind>(deposit.label.kind);
    inherited_[{kind, {deposit.label.a, deposit.label.b}}] = UniqueFd(deposit.fd);
  }
  const auto stock = [](const config::PoolConfig& pool) { return pool.command.empty(); };
  if (supervisor_incarnation() == 1 && std::ranges::any_of(start_.config.pools, stock)) {
    if (auto found = check_stock_worker(stock_worker_); !found) return found;
  }
  if (auto opened = open_ledger_segment(); !opened) return opened;
  if (auto opened = open_listening(); !opened) return opened;
  sessions_ = std::make_unique<SessionDesk>(loop_, *this, quota_);
  jobs_ = std::make_unique<JobDesk>(loop_, *this, *sessions_);
  desk_ = std::make_unique<ControlDesk>(loop_, *this, *sessions_, *jobs_);
  keeper_.start({[this](const keeper::ExitRecord& exit) { on_exit(exit); }, [this] { stop(); },
                 [this] {
                   log_error("the link to ringmasterd is lost; this supervisor ends");
                   await_end_of_keeper();
                   end_(keeper::kExitUnavailable);
                 }});
  open_cgroups();
  // Its program starts at once, in the cgroup that this process has by now: another in the delegated one is in the way.
  stacks_ = std::make_unique<StackDesk>(loop_, *ledger_, find_program("ringmaster-tracer"));
  if (auto opened = open_pools(); !opened) return opened;
  adopt_workers();
  adopt_sessions();
  for (const auto& pool : pools_) pool->start();
  for (const keeper::ExitRecord& exit : start_.table.exits) on_exit(exit);
  release_leftovers();
  server_ = std::make_unique<ControlServer>(loop_, duplicate_above(place_->listener().socket.get(), STDERR_FILENO + 1),
                                            start_.config.daemon, quota_, *desk_);
  server_->when_probed([this] { place_->probe_arrived(); });
  place_->start();
  desk_->count_connections([this] { return server_->connections(); });
  log_info(supervisor_incarnation() == 1 ? "serving" : "took over", {{"socket", start_.socket_path},
                                                                     {"version", RINGMASTER_VERSION},
                                                                     {"supervisor", supervisor_incarnation()},
                                                                     {"workers", start_.cpus.why}});
  pool_changed();
  // A predecessor was told to stop and died over it. A cold start has cleared the word.
  if (ledger_->stopping.load(std::memory_order_relaxed) != 0) loop_.post([this] { stop(); });
  return {};
}

std::uint64_t Supervisor::daemon_id() const { return ledger_->daemon_id; }

std::string Supervisor::refusal() const {
  return stopping_ ? "the daemon is stopping; start it again, or wait for its successor" : std::string{};
}

void Supervisor::deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
                         std::function<void(bool)> acked) {
  keeper_.deposit(labels, fds, [acked = std::move(acked)](int error) { acked(error == 0); });
}

void Supervisor::on_exit(const keeper::ExitRecord& exit) {
  if (Pool* pool = pool_of_worker(exit.worker)) return pool->on_exit(exit);
  cgroups_.remove({static_cast<std::uint16_t>(exit.worker), static_cast<std::uint16_t>(exit.incarnation)});
  keeper_.ack_exit(exit.worker, exit.incarnation);
}

core::Health Supervisor::judge(core::HealthJudge& judge, core::TimePoint now) const {
  const std::vector<core::PoolSnapshot> pools = snapshots();
  core::DaemonSnapshot daemon;
  if (stopping_) daemon.state = core::Drain::State::Stopping;
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
  return judge.look(now, daemon);
}

std::vector<core::PoolSnapshot> Supervisor::snapshots() const {
  std::vector<core::PoolSnapshot> all;
  for (const auto& pool : pools_) all.push_back(pool->snapshot());
  return all;
}

void Supervisor::pool_changed() {
  if (!server_) return;
  const auto judged = [](const auto& pool) { return pool->judged(); };
  // The service was ready before; a successor serves as soon as it has taken over, whatever ails one of its pools.
  const bool taken_over = supervisor_incarnation() > 1 && !start_.cold;
  if (!ready_ && (taken_over ? std::any_of(pools_.begin(), pools_.end(), judged)
                             : std::all_of(pools_.begin(), pools_.end(), judged))) {
    ready_ = true;
    keeper_.set_phase(stopping_ ? keeper::Phase::Stopping : keeper::Phase::Serving,
                      std::chrono::duration_cast<std::chrono::milliseconds>(start_.config.daemon.shutdown_timeout));
    keeper_.notify("READY=1");
    log_info("ready", {{"socket", start_.socket_path},
                       {"after", std::chrono::round<std::chrono::milliseconds>(loop_.now() - started_)}});
  }
  health_.look();
  if (stopping_ && !ending_ && std::all_of(pools_.begin(), pools_.end(), [](const auto& pool) {
        return pool->drain_state() == core::Drain::State::Stopped;
      })) {
    ending_ = true;
    loop_.post([this] { begin_end(); });
  }
}

void Supervisor::stop() {
  if (stopping_) return;
  stopping_ = true;
  ledger_->stopping.store(1, std::memory_order_relaxed);
  const core::Duration timeout = start_.config.daemon.shutdown_timeout;
  log_info("stopping", {{"shutdown_timeout", timeout}});
  // However long the jobs may take, the service manager waits for the kill ladder that follows. Never shortens its own.
  const auto needed = std::chrono::duration_cast<std::chrono::microseconds>(timeout + kStopSlack);
  keeper_.notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(needed.count()));
  keeper_.set_phase(keeper::Phase::Stopping, std::chrono::duration_cast<std::chrono::milliseconds>(timeout));
  for (const auto& pool : pools_) pool->stop(timeout);
  pool_changed();
}

// Every worker is fenced: what is still open ends as lost, and whoever waits is told.
void Supervisor::begin_end() {
  sessions_->end_all_sessions(Cause::Lost);
  jobs_->look();
  end_when_clear(kEndTries);
}

void Supervisor::end_when_clear(unsigned tries) {
  bool sessions_left = false;
  sessions_->for_each([&](const Session&) { sessions_left = true; });
  jobs_->look();
  if ((sessions_left || jobs_->unfinished() != 0) && tries != 0) {
    loop_.after(kEndPause, [this, tries] { end_when_clear(tries - 1); });
    return;
  }
  server_->stop_accepting();
  place_->remove();
  log_info("stopped");
  end_when_sent(kSendTries);
}

// At least one more turn of the loop, in which replies leave; a client that does not read is not waited for for long.
void Supervisor::end_when_sent(unsigned tries) {
  loop_.after(kEndPause, [this, tries] {
    if (server_->unsent_bytes() != 0 && tries != 0) return end_when_sent(tries - 1);
    end_(keeper::kExitStopped);
  });
}

DaemonView Supervisor::view() {
  const core::TimePoint now = loop_.now();
  const core::Health health_now = health_.health();
  DaemonView view;
  view.keeper_pid = ::getppid();
  view.supervisor_pid = ::getpid();
  view.uptime = now - core::from_monotonic_ns(ledger_->daemon_started_ns);
  view.supervisor_uptime = now - started_;
  view.supervisor_incarnation = supervisor_incarnation();
  view.state = stopping_ ? "stopping" : "running";
  view.health = core::to_string(health_now.level);
  view.health_reasons = health_now.reasons;
  view.summary = core::health_line(health_now, core::figures_of(snapshots()));
  view.socket = start_.socket_path;
  view.socket_passed = place_->passed();
  view.notice = start_.cpus.why;
  return view;
}

HealthView Supervisor::health() {
  const core::Health now = health_.health();
  return {core::to_string(now.level), now.reasons, core::health_line(now, core::figures_of(snapshots())),
          now.level == core::HealthLevel::Healthy || now.level == core::HealthLevel::Degraded};
}

}  // namespace ringmaster
