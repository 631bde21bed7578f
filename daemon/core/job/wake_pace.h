#pragma once

#include "daemon/core/types.h"

namespace ringmaster::core {

/// For a thread that waits on a word which others can change: tells when it is woken faster than jobs can end, so that
/// it rests for a moment instead of running in circles. What ends meanwhile is seen after the rest.
class WakePace {
 public:
  static constexpr unsigned kRound = 128;
  static constexpr Duration kLeast = std::chrono::milliseconds{1};  ///< that so many wakes take when jobs cause them
  static constexpr Duration kRest = std::chrono::milliseconds{2};

  /// It is awake again. True: rest.
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
