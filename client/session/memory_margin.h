#pragma once

#include <cstdint>

#include "base/memory_left.h"

namespace ringmaster::client {

/// Whether so much may be taken where `left` is left. Some of it is others': a machine that is driven to its last page
/// kills somebody.
[[nodiscard]] constexpr bool leaves_margin(std::uint64_t left, std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kMargin = std::uint64_t{16} << 20;
  return left >= kMargin && bytes <= left - kMargin;
}

/// The same with what is left now.
[[nodiscard]] inline bool may_reserve(std::uint64_t bytes) { return leaves_margin(memory_left_now(), bytes); }

}  // namespace ringmaster::client
