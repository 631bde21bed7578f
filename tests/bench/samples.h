#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace ringmaster::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}
[[nodiscard]] inline double milliseconds(Clock::duration time) { return microseconds(time) / 1000; }
[[nodiscard]] inline double seconds(Clock::duration time) { return microseconds(time) / 1'000'000; }

/// The value below which `share` (0 to 1) of the values lie. REQUIRES: at least one value.
[[nodiscard]] inline double percentile(std::vector<double> values, double share) {
  const auto rank = std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

[[nodiscard]] inline double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

}  // namespace ringmaster::bench
