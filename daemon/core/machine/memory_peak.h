#pragma once

#include <algorithm>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// Decides when memory of a peak is returned to the system: when a look finds at most a quarter of it in use. Peaks
/// below `kWorthIt` are kept for the next use. Pure.
class MemoryPeak {
 public:
  static constexpr Bytes kWorthIt = mib(4);

  /// Notes how much is in use now. True: look again after a while.
  bool use(Bytes now) {
    peak_ = std::max(peak_, now);
    return peak_ >= kWorthIt;
  }
  /// True: the peak is over, so return the memory now.
  [[nodiscard]] bool is_over(Bytes now) {
    if (peak_ < kWorthIt || now.value > peak_.value / 4) return false;
    peak_ = now;
    return true;
  }

 private:
  Bytes peak_{};
};

}  // namespace ringmaster::core
