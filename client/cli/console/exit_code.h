#pragma once

#include "client/types/outcome.h"

/// The exit statuses of `ringmaster`. MANUAL.md holds the same table; scripts rely on both.
namespace ringmaster::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;   ///< the handler reported a failure; map: at least one file has no result
inline constexpr int kExitUsage = 2;    ///< the command line is wrong; nothing was submitted
inline constexpr int kExitRefused = 3;  ///< bad request, unknown pool or handler, too large, queue full
inline constexpr int kExitCrashed = 4;
inline constexpr int kExitTimedOut = 5;
inline constexpr int kExitCancelled = 6;
inline constexpr int kExitLost = 7;
inline constexpr int kExitNoDaemon = 8;  ///< no daemon answers
inline constexpr int kExitFile = 9;      ///< a file could not be read or written
inline constexpr int kExitInterrupted = 130;
// `health` has statuses of its own: 0 healthy, 1 degraded, 2 down, 3 starting.

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
    case Status::Refused:
      return kExitRefused;
    case Status::Lost:
      return kExitLost;
  }
  return kExitFailed;
}

}  // namespace ringmaster::cli
