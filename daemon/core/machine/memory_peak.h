#pragma once

#include <algorithm>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// When memory that a peak has taken is given back to the system: at a look that finds at most a quarter of it in use.
/// Peaks below `kWorthIt` stay, to be used again. Pure.
class MemoryPeak {
 public:
  static constexpr Bytes kWorthIt = mib(4);

  /// So much is in use now. True: worth looking again, after a while.
  bool use(Bytes now) {
    peak_ = std::max(peak_, now);
    return peak_ >= kWorthIt;
  }
  /// True: give back now, the peak is over.
  [[nodiscard]] bool is_over(Bytes now) {
    if (peak_ < kWorthIt || now.value > peak_.value / 4) return false;
    peak_ = now;
    return true;
  }

 private:
  Bytes peak_{};
};

}  // namespace ringmaster::core
