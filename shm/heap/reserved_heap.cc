#include "shm/heap/reserved_heap.h"

namespace ringmaster::shm {
namespace {

constexpr auto kLately = std::chrono::seconds(10);
constexpr std::uint64_t kAlwaysKept = std::uint64_t{4} << 20;
constexpr std::uint64_t kPortion = std::uint64_t{64} << 20;  // some ms

}  // namespace

void ReservedHeap::rest(TimePoint now) noexcept {
  if (now - watched_since_ < kLately) return;
  const std::uint64_t reserved = pages_.reserved();
  if (reserved > kAlwaysKept && heap_.high_water() <= reserved / 2) {
    pages_.give_back(std::max(heap_.high_water(), kAlwaysKept), kPortion);
    if (pages_.reserved() < reserved) return;  // the next call gives back the next portion
  }
  heap_.forget_high_water();
  watched_since_ = now;
}

}  // namespace ringmaster::shm
