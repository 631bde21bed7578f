#pragma once

#include <span>

#include "base/result.h"
#include "daemon/config/config.h"
#include "daemon/jobs/message_jobs.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/machine/worker_cgroups.h"
#include "daemon/pools/pool_set.h"
#include "daemon/sessions/sessions.h"
#include "daemon/supervisor/inherited_deposits.h"

/// The steps by which a supervisor takes over from its predecessor. They run once, on the supervisor's thread, before
/// the first request; Supervisor::run calls them in order.
namespace ringmaster::daemon {

/// True if a predecessor had started this worker and has not buried it. `record`: its record in the ledger; nullptr:
/// there is none with its number.
[[nodiscard]] bool is_known(const shm::LedgerWorker* record, std::uint32_t incarnation);

/// Opens the workers' cgroups, and logs limits that cannot be enforced.
void open_cgroups(WorkerCgroups& cgroups, const config::Config& config);

/// Gives each worker that the keeper has, alive or dead, to its pool; one that the ledger does not know is killed, and
/// no pool has its number before its exit.
/// Cgroups of all others are removed: a predecessor died while it started or buried their workers.
void adopt_workers(const keeper::InheritedTable& table, shm::LedgerRecord& ledger, InheritedDeposits& inherited,
                   PoolSet& pools, Keeper& keeper, WorkerCgroups& cgroups);

/// Takes up sessions, and the jobs in those of a predecessor's own. REQUIRES: workers are adopted.
void adopt_sessions(Sessions& sessions, MessageJobs& jobs, InheritedDeposits& inherited, const PoolSet& pools,
                    bool cold);

/// Releases deposits that nobody took: of workers that were never spawned, of sessions that were never published.
void release_leftovers(InheritedDeposits& inherited, Keeper& keeper);

}  // namespace ringmaster::daemon
