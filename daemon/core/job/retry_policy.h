#pragma once

#include <cstdint>

namespace ringmaster::core {

enum class RetryDecision : std::uint8_t {
  Retry,        ///< Running → Ready(attempt + 1)
  FailCrashed,  ///< not idempotent: Running → Failed(crashed)
  Poison,       ///< idempotent, but it killed its workers too often: Failed(crashed), set aside with cause and stack
};

struct CrashedJob {
  bool idempotent = false;
  unsigned crashes = 0;      ///< in the ledger, this one included
  unsigned crash_limit = 3;  ///< the pool's; a job that killed this many workers is poison
};

/// What becomes of a job whose worker died while it ran it, and died without a verdict of ours.
/// Jobs under a verdict (timed out, cancelled, shutdown) are never retried and never come here.
[[nodiscard]] RetryDecision decide_retry(const CrashedJob& job);

[[nodiscard]] const char* to_string(RetryDecision decision);

}  // namespace ringmaster::core
