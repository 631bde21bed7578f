#include "daemon/core/job/retry_policy.h"

namespace ringmaster::core {

RetryDecision decide_retry(const CrashedJob& job) {
  if (!job.idempotent) return RetryDecision::FailCrashed;
  return job.crashes < job.crash_limit ? RetryDecision::Retry : RetryDecision::Poison;
}

const char* to_string(RetryDecision decision) {
  switch (decision) {
    case RetryDecision::Retry:
      return "retry";
    case RetryDecision::FailCrashed:
      return "crashed";
    case RetryDecision::Poison:
      return "poison";
  }
  return "unknown";
}

}  // namespace ringmaster::core
