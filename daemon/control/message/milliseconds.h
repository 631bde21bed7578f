#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// As the protocol carries durations: whole milliseconds, none where it is over.
[[nodiscard]] inline std::uint64_t milliseconds(core::Duration duration) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

}  // namespace ringmaster::daemon
