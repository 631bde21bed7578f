#pragma once

#include <cstddef>

namespace ringmaster::fuzz {

/// Counts the allocations on the C++ heap since reset(). Counts nothing under a sanitizer, which has its own heap.
struct Allocations {
  std::size_t count = 0;
  std::size_t peak_bytes = 0;
};
void reset_allocations();
[[nodiscard]] Allocations allocations();

}  // namespace ringmaster::fuzz
