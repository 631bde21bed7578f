#pragma once

#include <cstdint>

#include "shm/cause.h"
#include "shm/slot_word.h"

/// What the supervisor decides of a worker's end and of the job that it cuts short. Values, no memory is touched.
namespace ringmaster::shm {

/// A running job is to be ended, and its worker with it. It stands in the ledger before the worker is killed; the first
/// one of a worker wins.
struct Verdict {
  Intent intent;  ///< the job
  /// Why: RunTimeout, Cancelled, ProtocolViolation, or Lost when the daemon stops. It becomes the job's own.
  Cause cause = Cause::RunTimeout;
  std::uint16_t detail = 0;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// What becomes of a job whose worker died over it, under no verdict.
enum class AfterCrash : std::uint8_t {
  Retry,   ///< Running → Ready(attempt + 1)
  Fail,    ///< it must not run twice: Failed(crashed)
  Poison,  ///< it has killed its workers too often: Failed(poisoned)
};

}  // namespace ringmaster::shm
