#include "client/session/reserved_ring.h"

#include <algorithm>

#include "shm/memfd.h"

namespace ringmaster {
namespace {
constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
// Left to others: a machine that is driven to its last page kills somebody.
constexpr std::uint64_t kMargin = std::uint64_t{16} << 20;
}  // namespace

ReservedRing::Taken ReservedRing::take_some(std::uint64_t bytes, Extent& extent) {
  const auto taken = ring_.take(bytes);
  if (!taken) return Taken::NoRoom;
  const std::uint64_t end = taken->offset + taken->bytes;
  if (end > reserved_ && !reserve_up_to(end)) {
    ring_.give_back(taken->id);
    return Taken::NoMemory;
  }
  extent = *taken;
  return Taken::Ok;
}

bool ReservedRing::reserve_up_to(std::uint64_t end) {
  const std::uint64_t goal = std::min(ring_.capacity(), (end + kStep - 1) / kStep * kStep);
  const std::uint64_t bytes = goal - reserved_;
  const std::uint64_t available = available_();
  if (available < kMargin || bytes > available - kMargin) return false;
  if (!reserve_pages(fd_, file_offset_ + reserved_, bytes)) return false;
  reserved_ = goal;
  return true;
}

}  // namespace ringmaster
