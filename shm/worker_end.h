#pragma once

#include <cstdint>

#include "shm/cause.h"
#include "shm/slot_word.h"

/// What the supervisor decides about a worker's end and about the job that is cut short by it. Plain values.
namespace ringmaster::shm {

/// The decision to end a running job by killing its worker. It is in the ledger before the worker is killed; a worker's
/// first verdict wins. For a forced cancel it is there a whole grace before, in which the worker may end the job and
/// begin another: always compare the intent with the lane.
struct Verdict {
  Intent intent;  ///< the job
  /// Why: RunTimeout, Cancelled, CancelledByForce, ProtocolViolation, or Lost when the daemon stops. It becomes the
  /// job's cause.
  Cause cause = Cause::RunTimeout;
  std::uint16_t detail = 0;  ///< of CancelledByForce: its grace, in ms

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// What becomes of a job whose worker died while running it, without a verdict.
enum class AfterCrash : std::uint8_t {
  Retry,   ///< Running → Ready(attempt + 1)
  Fail,    ///< it is not idempotent, so it must not run twice: Failed(crashed)
  Poison,  ///< it has killed too many workers: Failed(poisoned)
};

}  // namespace ringmaster::shm
