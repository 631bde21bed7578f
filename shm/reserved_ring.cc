#include "shm/reserved_ring.h"

#include <algorithm>

#include "shm/memfd.h"

namespace ringmaster::shm {

std::uint64_t ReservedRing::step(std::uint64_t end) const noexcept {
  constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
  return std::min(ring_.capacity(), (end + kStep - 1) / kStep * kStep) - reserved_;
}

bool ReservedRing::reserve(std::uint64_t bytes) noexcept {
  if (!reserve_pages(fd_, file_offset_ + reserved_, bytes)) return false;
  reserved_ += bytes;
  return true;
}

}  // namespace ringmaster::shm
