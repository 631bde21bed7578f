#pragma once

#include "daemon/core/types.h"

namespace ringmaster::core {

/// For a thread that waits on a word in shared memory: tells when it is woken faster than jobs can end, so that it
/// pauses instead of spinning. Jobs that end meanwhile are seen after the pause.
class WakePace {
 public:
  static constexpr unsigned kRound = 128;
  static constexpr Duration kLeast =
      std::chrono::milliseconds{1};  ///< the least time that so many wakes take if jobs cause them
  static constexpr Duration kRest = std::chrono::milliseconds{2};

  /// Call it after each wake. True: pause.
  [[nodiscard]] bool too_fast(TimePoint now) {
    if (count_ == 0) since_ = now;
    if (++count_ < kRound) return false;
    count_ = 0;
    return now - since_ < kLeast;
  }

 private:
  unsigned count_ = 0;
  TimePoint since_{};
};

}  // namespace ringmaster::core
