#include "daemon/core/job/retry_policy.h"

namespace ringmaster::core {

shm::AfterCrash decide_retry(const CrashedJob& job) {
  if (!job.idempotent) return shm::AfterCrash::Fail;
  return job.crashes < job.crash_limit ? shm::AfterCrash::Retry : shm::AfterCrash::Poison;
}

}  // namespace ringmaster::core
