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

/// The same for the memory that is left when it is asked. A session makes it when it opens, because it asks with its
/// mutex held, and to find the cgroups takes long if much is mounted.
class MemoryMargin {
 public:
  [[nodiscard]] bool operator()(std::uint64_t bytes) const { return leaves_margin(look_.left(), bytes); }

 private:
  MemoryLook look_;
};

}  // namespace ringmaster::client
