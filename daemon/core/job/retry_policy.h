#pragma once

#include "shm/worker_end.h"

namespace ringmaster::core {

struct CrashedJob {
  bool idempotent = false;
  unsigned crashes = 0;      ///< in the ledger, this one included
  unsigned crash_limit = 3;  ///< the pool's; a job that killed this many workers is poison
};

/// What becomes of a job whose worker died while running it, without a verdict. Jobs with a verdict (timed out,
/// cancelled, shutdown) are never retried, and this is not called for them.
[[nodiscard]] shm::AfterCrash decide_retry(const CrashedJob& job);

}  // namespace ringmaster::core
