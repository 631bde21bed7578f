#include "daemon/supervisor/startup.h"

#include <signal.h>

#include <set>
#include <utility>

#include "daemon/log/log.h"
#include "daemon/sessions/session.h"
#include "shm/port/hints.h"

namespace ringmaster::daemon {

using keeper::DepositKind;

bool is_known(const shm::LedgerWorker* record, std::uint32_t incarnation) {
  // SYNC: acquire, pairs with the spawn of the predecessor.
  return record != nullptr && record->incarnation == incarnation &&
         record->state.load(std::memory_order_acquire) == static_cast<std::uint32_t>(shm::LedgerState::Live);
}

void open_cgroups(WorkerCgroups& cgroups, const config::Config& config) {
  cgroups.open(config.daemon.cgroup);
  log_info("cgroups", {{"state", cgroups.why()}});
}

namespace {

WorkerFds take_worker(InheritedDeposits& inherited, std::uint32_t worker, std::uint32_t incarnation) {
  WorkerFds fds;
  for (const auto kind : WorkerFds::kKinds) fds.of(kind) = inherited.take(kind, worker, incarnation);
  fds.cgroup = inherited.take(DepositKind::WorkerCgroup, worker, incarnation);
  return fds;
}

}  // namespace

void adopt_workers(const keeper::InheritedTable& table, shm::LedgerRecord& ledger, InheritedDeposits& inherited,
                   PoolSet& pools, Keeper& keeper, WorkerCgroups& cgroups) {
  // Workers that the keeper has: their cgroups stay until they are buried.
  std::set<std::pair<std::uint32_t, std::uint32_t>> theirs;
  const auto adopt = [&](std::uint32_t worker, std::uint32_t incarnation, std::int32_t pid, bool dead) {
    theirs.emplace(worker, incarnation);
    Pool* const pool = pools.of_worker(worker);
    if (pool == nullptr || !is_known(worker < shm::kMaxWorkers ? &ledger.workers[worker] : nullptr, incarnation)) {
      pools.places().block(worker);
      if (!dead) keeper.signal(worker, incarnation, SIGKILL);
      return;
    }
    pool->adopt(static_cast<std::uint16_t>(worker - pool->first_worker()), incarnation, pid,
                take_worker(inherited, worker, incarnation), dead);
  };
  for (const auto& worker : table.workers) adopt(worker.worker, worker.incarnation, worker.pid, false);
  for (const auto& exit : table.exits) adopt(exit.worker, exit.incarnation, exit.pid, true);
  cgroups.sweep(theirs);
}

void adopt_sessions(Sessions& sessions, MessageJobs& jobs, InheritedDeposits& inherited, const PoolSet& pools,
                    bool cold) {
  const auto take = [&](DepositKind kind, std::uint32_t serial) { return inherited.take(kind, serial); };
  sessions.adopt(take, cold, [&](Session& session) { jobs.take_over(session); });
  for (const auto& [serial, seq] : inherited.labels_of(DepositKind::Spilled)) {
    sessions.adopt_spilled(
        serial, seq, [&, serial = serial, seq = seq] { return inherited.take(DepositKind::Spilled, serial, seq); });
  }
  for (const auto& [serial, number] : inherited.labels_of(DepositKind::Parcel)) {
    sessions.adopt_parcel(serial, number, inherited.take(DepositKind::Parcel, serial, number));
  }
  // The predecessor may have died between a job's end and the wake-up of its client, so all clients are woken.
  for (const auto& pool : pools.all()) {
    sessions.for_each(pool->index(), [](Session& session) { shm::restore_hints(session.reply); });
    pool->call();
  }
}

void release_leftovers(InheritedDeposits& inherited, Keeper& keeper) {
  for (const keeper::ReleaseSelector& left : inherited.close_rest()) keeper.release(left);
}

}  // namespace ringmaster::daemon
