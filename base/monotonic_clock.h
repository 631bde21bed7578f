#pragma once

#include <time.h>

#include <cstdint>

namespace ringmaster {

/// Nanoseconds of CLOCK_MONOTONIC: not set by anyone, stands still while the machine is suspended.
inline std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace ringmaster
