#pragma once

#include <span>

#include "base/result.h"
#include "daemon/config/config.h"
#include "daemon/jobs/message_jobs.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/machine/worker_cgroups.h"
#include "daemon/sessions/sessions.h"
#include "daemon/supervisor/inherited_deposits.h"
#include "daemon/supervisor/pool_set.h"

/// The steps by which a supervisor takes up what its predecessor left at the keeper, each on its own. They run once, on
/// the supervisor's thread, before the first request; Supervisor::run has them in order.
namespace ringmaster::daemon {

/// `record`: of the ledger; nullptr: it has none of that number. A predecessor had the worker started and has not
/// buried it.
[[nodiscard]] bool is_known(const shm::LedgerWorker* record, std::uint32_t incarnation);

/// Opens what cgroups there are, and tells of limits that they cannot keep.
void open_cgroups(WorkerCgroups& cgroups, const config::Config& config);

/// Gives each worker that the keeper has, alive or dead, to its pool; one that the ledger does not know is killed.
/// Cgroups of all others are removed: a predecessor died while it started or buried their workers.
void adopt_workers(const keeper::InheritedTable& table, shm::LedgerRecord& ledger, InheritedDeposits& inherited,
                   const PoolSet& pools, Keeper& keeper, WorkerCgroups& cgroups);

/// Sessions, and the jobs of those that a predecessor was the client of. REQUIRES: workers are adopted.
void adopt_sessions(Sessions& sessions, MessageJobs& jobs, InheritedDeposits& inherited, const PoolSet& pools,
                    bool cold);

/// Lets go of deposits that nobody took: of workers that were never spawned, of sessions that were never published.
void release_leftovers(InheritedDeposits& inherited, Keeper& keeper);

}  // namespace ringmaster::daemon
