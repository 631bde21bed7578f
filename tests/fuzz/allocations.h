#pragma once

#include <cstddef>

namespace ringmaster::fuzz {

/// What the C++ heap was asked for since reset(), by this thread's program. Under a sanitizer, which has a heap of its
/// own, nothing is counted.
struct Allocations {
  std::size_t count = 0;
  std::size_t peak_bytes = 0;
};
void reset_allocations();
[[nodiscard]] Allocations allocations();

}  // namespace ringmaster::fuzz
