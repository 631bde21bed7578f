#pragma once

#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// From now on, when the keeper dies, this supervisor sees to it that no worker outlives it, and ends itself: workers
/// end by themselves (worker/process/keeper_watch.h); one that does not, since it blocks every signal, is ended with
/// what it started. In a signal handler: a supervisor that hangs does it too. `ledger`: mapped for the process's life.
void end_with_keeper(const shm::LedgerRecord& ledger);

/// The link to the keeper has ended. A keeper that dies closes it before the signal comes: this waits for it, and does
/// not return then. It returns where the keeper lives on.
void await_end_of_keeper();

}  // namespace ringmaster::daemon
