#include "daemon/core/job/retry_policy.h"

namespace ringmaster::core {

AfterCrash decide_retry(const CrashedJob& job) {
  if (!job.idempotent) return AfterCrash::Fail;
  return job.crashes < job.crash_limit ? AfterCrash::Retry : AfterCrash::Poison;
}

}  // namespace ringmaster::core
