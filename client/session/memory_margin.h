#pragma once

#include <cstdint>

#include "base/memory_left.h"

namespace ringmaster::client {

/// True if `bytes` may be taken while `left` is left. Leaves some for others: on a machine without memory the kernel
/// kills processes.
[[nodiscard]] constexpr bool leaves_margin(std::uint64_t left, std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kMargin = std::uint64_t{16} << 20;
  return left >= kMargin && bytes <= left - kMargin;
}

/// The same for the memory that is left now.
[[nodiscard]] inline bool may_reserve(std::uint64_t bytes) { return leaves_margin(memory_left_now(), bytes); }

}  // namespace ringmaster::client
