#pragma once

#include <time.h>

#include <cstdint>

namespace ringmaster {

/// CLOCK_MONOTONIC in nanoseconds: nobody can set it, and it stops while the machine is suspended.
inline std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace ringmaster
