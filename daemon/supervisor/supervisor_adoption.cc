#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <algorithm>
#include <set>

#include "daemon/control/socket/alive_mark.h"
#include "daemon/log/log.h"
#include "daemon/os/descriptors.h"
#include "daemon/sessions/session.h"
#include "daemon/supervisor/keeper_watch.h"
#include "daemon/supervisor/supervisor.h"
#include "shm/memfd.h"
#include "shm/port/hints.h"

// What a supervisor begins with: its own, or what its predecessor left at the keeper.
namespace ringmaster {

using keeper::DepositKind;

UniqueFd Supervisor::take(DepositKind kind, std::uint32_t a, std::uint32_t b) {
  const auto at = inherited_.find({kind, {a, b}});
  if (at == inherited_.end()) return UniqueFd();
  UniqueFd fd = std::move(at->second);
  inherited_.erase(at);
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return fd;
}

Pool* Supervisor::pool_of_worker(std::uint32_t worker) {
  for (const auto& pool : pools_) {
    if (worker >= pool->first_worker() && worker < pool->first_worker() + pool->seats()) return pool.get();
  }
  return nullptr;
}

Result<void> Supervisor::open_ledger_segment() {
  ledger_fd_ = take(DepositKind::Ledger, 0, 0);
  const bool fresh = !ledger_fd_;
  if (fresh) {
    auto fd = create_segment("ringmaster-ledger", ledger_bytes(start_.config.pools.size()));
    if (!fd) return Error{fd.error().message, keeper::kExitUnavailable};
    ledger_fd_ = std::move(*fd);
  }
  auto mapping = Mapping::map(ledger_fd_.get(), Access::ReadWrite);
  if (!mapping) return Error{mapping.error().message, keeper::kExitUnavailable};
  ledger_map_ = std::move(*mapping);
  ledger_ = fresh ? format_ledger(ledger_map_.bytes()) : open_ledger(ledger_map_.bytes(), start_.config.pools.size());
  if (ledger_ == nullptr) return Error{"the ledger that was inherited has another layout", keeper::kExitUnavailable};
  end_with_keeper(*ledger_);
  ledger_->supervisor_incarnation.store(start_.table.supervisor, std::memory_order_relaxed);
  if (fresh || start_.cold) {
    // Nanoseconds of this machine's clock, and the keeper: no two lives of a daemon have the same.
    ledger_->daemon_id = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count()) ^
                         (static_cast<std::uint64_t>(::getppid()) << 40);
    ledger_->stopping.store(0, std::memory_order_relaxed);
  }
  if (!fresh) return {};
  ledger_->daemon_started_ns = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
  // The text, then what its stock handlers are; the rest of the last page is 0.
  const std::string kept = start_.config_text + start_.stock_text;
  auto text = create_segment("ringmaster-config", kept.size() + 1);
  if (!text) return Error{text.error().message, keeper::kExitUnavailable};
  auto bytes = Mapping::map(text->get(), Access::ReadWrite);
  if (!bytes) return Error{bytes.error().message, keeper::kExitUnavailable};
  std::copy(kept.begin(), kept.end(), reinterpret_cast<char*>(bytes->bytes().data()));
  // The number of CPUs goes along: the seats of "auto" pools must be the same for every successor.
  const std::array labels{keeper::make_label(DepositKind::Ledger),
                          keeper::make_label(DepositKind::Config, start_.cpus.usable,
                                             static_cast<std::uint32_t>(start_.config_text.size()))};
  const std::array fds{ledger_fd_.get(), text->get()};
  keeper_.deposit(labels, fds, nullptr);
  return {};
}

Result<void> Supervisor::open_listening() {
  Listener listener;
  bool passed = false;
  // Our own comes first: it took the place of the service manager's, if that was swept away.
  for (const std::uint32_t b : {0U, 1U}) {
    if (listener.socket) break;
    listener.socket = take(DepositKind::Listener, 0, b);
    passed = listener.socket.valid() && b == 1;
  }
  listener.lock = take(DepositKind::Lock, 0, 0);
  if (passed) {
    if (std::string bound = bound_path(listener.socket.get()); !bound.empty() && bound != start_.socket_path) {
      log_warning("the service manager's socket is not where the configuration says: clients have to be told",
                  {{"socket", bound}, {"configured", start_.socket_path}});
      start_.socket_path = std::move(bound);
    }
  }
  if (!listener.socket) {
    auto opened = open_listener(start_.socket_path, start_.config.daemon, std::move(listener.lock));
    if (!opened) return Error{opened.error().message, keeper::kExitSocket};
    listener = std::move(*opened);
    deposit_listener(listener);
  }
  const auto bound = [this](const Listener& now) {
    deposit_listener(now);
    UniqueFd own = duplicate_above(now.socket.get(), STDERR_FILENO + 1);
    if (!own) return log_error("cannot accept at the socket that was bound again", {{"error", std::strerror(errno)}});
    server_->listen_on(std::move(own));
  };
  place_ = std::make_unique<SocketGuard>(loop_, start_.socket_path, start_.config.daemon, std::move(listener), passed,
                                         SocketGuard::Hooks{bound});
  hold_alive_mark();
  return {};
}

// In the place of any that the keeper holds.
void Supervisor::deposit_listener(const Listener& listener) {
  const auto bit = keeper::kind_bit;
  keeper_.release({bit(DepositKind::Listener), 0, std::nullopt});
  keeper_.release({bit(DepositKind::Lock), 0, 0});
  const std::array labels{keeper::make_label(DepositKind::Listener), keeper::make_label(DepositKind::Lock)};
  const std::array fds{listener.socket.get(), listener.lock.get()};
  keeper_.deposit(labels, fds, nullptr);
}

void Supervisor::hold_alive_mark() {
  alive_ = take(DepositKind::Lock, 1, 0);
  if (alive_) return;
  auto opened = open_alive_mark(start_.socket_path, place_->passed());
  if (!opened) return log_warning(opened.error().message);
  if (!*opened) return;
  alive_ = std::move(*opened);
  const std::array labels{keeper::make_label(DepositKind::Lock, 1, 0)};
  const std::array fds{alive_.get()};
  keeper_.deposit(labels, fds, nullptr);
}

void Supervisor::open_cgroups() {
  cgroups_.open(start_.config.daemon.cgroup);
  log_info("cgroups", {{"state", cgroups_.why()}});
  if (cgroups_.limits_memory()) return;
  for (const config::PoolConfig& pool : start_.config.pools) {
    if (pool.memory_max.value == 0) continue;
    log_warning("memory_max is not enforced: workers have no cgroup with a memory controller",
                {{"pool", pool.name}, {"memory_max", pool.memory_max}, {"reason", cgroups_.why()}});
  }
}

Result<void> Supervisor::open_pools() {
  std::uint32_t worker = 0;
  for (std::uint32_t i = 0; i < start_.config.pools.size(); ++i) {
    const config::PoolConfig& config = start_.config.pools[i];
    if (worker + config.workers + config.spares > kMaxWorkers) {
      return Error{"the pools have more than 1024 workers and spares together; lower [pool.*] workers",
                   keeper::kExitConfig};
    }
    pools_.push_back(std::make_unique<Pool>(*this, config, i, static_cast<std::uint16_t>(worker)));
    gates_.push_back(pools_.back().get());
    worker += config.workers + config.spares;
    PoolFds fds{take(DepositKind::Board, i, 0), take(DepositKind::PoolBell, i, 0), take(DepositKind::Handlers, i, 0)};
    if (auto opened = pools_.back()->open(std::move(fds)); !opened) {
      return Error{opened.error().message, keeper::kExitUnavailable};
    }
  }
  return {};
}

void Supervisor::adopt_workers() {
  const auto take_fds = [this](std::uint32_t worker, std::uint32_t incarnation) {
    WorkerFds fds;
    for (const auto kind : WorkerFds::kKinds) fds.of(kind) = take(kind, worker, incarnation);
    fds.cgroup = take(DepositKind::WorkerCgroup, worker, incarnation);
    return fds;
  };
  const auto adopt = [&](std::uint32_t worker, std::uint32_t incarnation, std::int32_t pid, bool dead) {
    Pool* pool = pool_of_worker(worker);
    const LedgerWorker* record = worker < kMaxWorkers ? &ledger_->workers[worker] : nullptr;
    // SYNC: acquire, pairs with the spawn of the predecessor.
    if (pool == nullptr || record == nullptr || record->incarnation != incarnation ||
        record->state.load(std::memory_order_acquire) != static_cast<std::uint32_t>(LedgerState::Live)) {
      if (!dead) keeper_.signal(worker, incarnation, SIGKILL);
      return;
    }
    pool->adopt(static_cast<std::uint16_t>(worker - pool->first_worker()), incarnation, pid,
                take_fds(worker, incarnation), dead);
  };
  for (const auto& worker : start_.table.workers) adopt(worker.worker, worker.incarnation, worker.pid, false);
  for (const auto& exit : start_.table.exits) adopt(exit.worker, exit.incarnation, exit.pid, true);
  // Of those the exits tell. Others are of workers that a predecessor was about to start, or had just buried.
  std::set<std::pair<std::uint32_t, std::uint32_t>> known;
  for (const auto& worker : start_.table.workers) known.emplace(worker.worker, worker.incarnation);
  for (const auto& exit : start_.table.exits) known.emplace(exit.worker, exit.incarnation);
  cgroups_.sweep(known);
}

void Supervisor::adopt_sessions() {
  if (start_.table.supervisor <= 1) return;
  const auto take_session = [this](DepositKind kind, std::uint32_t serial) {
    for (const auto& [key, fd] : inherited_) {
      if (key.first == kind && key.second.first == serial) return take(kind, serial, key.second.second);
    }
    return UniqueFd();
  };
  sessions_->adopt(take_session, start_.cold, [this](Session& session) { jobs_->take_over(session); });
  // The predecessor may have died between a slot's end and its wake-up: nothing tells, so everyone is told.
  for (const auto& pool : pools_) {
    sessions_->for_each(pool->index(), [](Session& session) { restore_hints(session.reply); });
    pool->call();
  }
}

// Deposits that nobody took up: of workers that were never spawned, of sessions that were never published.
void Supervisor::release_leftovers() {
  std::set<Key> left;
  for (const auto& [key, fd] : inherited_) left.insert(key);
  inherited_.clear();
  for (const auto& [kind, names] : left) {
    if (kind == DepositKind::WorkerPidfd || kind == DepositKind::WorkerCgroup || kind == DepositKind::Config) continue;
    keeper_.release({keeper::kind_bit(kind), names.first, names.second});
  }
}

}  // namespace ringmaster
