#pragma once

#include "client/types/outcome.h"

/// The exit statuses of `ringmaster`. MANUAL.md holds the same table; scripts rely on both.
namespace ringmaster::cli {

enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,    ///< the handler said so; map: at least one file has no result
  kExitUsage = 2,     ///< the command line is wrong; nothing was submitted
  kExitRejected = 3,  ///< bad request, unknown pool or handler, too large, queue full; what the daemon refuses
  kExitCrashed = 4,
  kExitTimedOut = 5,
  kExitCancelled = 6,
  kExitLost = 7,
  kExitNoDaemon = 8,  ///< no daemon answers
  kExitFile = 9,      ///< a file could not be read or written
  kExitInterrupted = 130
};
// `health` has its own: 0 healthy, 1 degraded, 2 down, 3 starting.

[[nodiscard]] constexpr int exit_code(Status status) noexcept {
  switch (status) {
    case Status::Done:
      return kExitDone;
    case Status::Failed:
      return kExitFailed;
    case Status::Crashed:
      return kExitCrashed;
    case Status::TimedOut:
      return kExitTimedOut;
    case Status::Cancelled:
      return kExitCancelled;
    case Status::Rejected:
      return kExitRejected;
    case Status::Lost:
      return kExitLost;
  }
  return kExitFailed;
}

}  // namespace ringmaster::cli
