#pragma once

#include <cstddef>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// The history of a value that only grows, noted at irregular times: points about `spacing` apart for the last `span`,
/// one before that, and always the latest. Bounded: 2 x span / spacing + 4 points.
template <typename Value>
class Trail {
 public:
  struct Point {
    TimePoint at;
    Value value;
  };

  Trail(Duration spacing, Duration span) : spacing_(spacing), span_(span) {}

  /// Must be called in order of time. `slept`: nothing can have changed until just before now.
  void note(TimePoint now, const Value& value, bool slept = false) {
    if (slept && !points_.empty() && now - points_.back().at >= spacing_) {
      points_.push_back({now, points_.back().value});
      points_.push_back({now, value});
    } else {
      keep({now, value});
    }
    std::size_t old = 0;
    while (old + 1 < points_.size() && points_[old + 1].at <= now - span_) ++old;
    points_.erase(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(old));
  }

  [[nodiscard]] const std::vector<Point>& points() const noexcept { return points_; }

  /// The last point at or before `at`, else the first one. REQUIRES: there is a point.
  [[nodiscard]] std::size_t at_or_before(TimePoint at) const {
    std::size_t found = 0;
    while (found + 1 < points_.size() && points_[found + 1].at <= at) ++found;
    return found;
  }

 private:
  // Replaces the latest point until it is far enough from the one before it.
  void keep(Point point) {
    const std::size_t count = points_.size();
    const bool moves = count >= 2 && point.at - points_[count - 2].at < spacing_;
    if (moves) {
      points_.back() = std::move(point);
    } else {
      points_.push_back(std::move(point));
    }
  }

  Duration spacing_;
  Duration span_;
  std::vector<Point> points_;
};

}  // namespace ringmaster::core
