#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "client/types/outcome.h"

namespace ringmaster::client {

/// Pauses between tries: they double up to a maximum, and each is varied by up to half of it, so that a hundred clients
/// that were refused together do not come back together. Pure: the random numbers come from outside.
class Backoff {
 public:
  Backoff(Duration first, Duration longest) : next_(first), longest_(longest) {}

  /// `random`: any 32 bits.
  [[nodiscard]] Duration pause(std::uint32_t random) noexcept {
    const Duration middle = next_;
    next_ = std::min(2 * next_, longest_);
    return middle / 2 + std::chrono::nanoseconds(middle.count() * static_cast<std::int64_t>(random >> 16) / 65536);
  }

 private:
  Duration next_;
  Duration longest_;
};

}  // namespace ringmaster::client
