#pragma once

#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// From now on, when the keeper dies, this supervisor makes sure that no worker survives it, and ends itself. Workers
/// end by themselves (worker/process/keeper_watch.h); one that blocks all signals is killed with what it started. Done
/// in a signal handler, so that it works in a supervisor that hangs. `ledger` must be mapped for the process's life.
void end_with_keeper(const shm::LedgerRecord& ledger);

/// Called when the link to the keeper has ended. If the keeper is dying, its signal comes a moment later: waits for it
/// and does not return. Returns if the keeper lives.
void await_end_of_keeper();

}  // namespace ringmaster::daemon
