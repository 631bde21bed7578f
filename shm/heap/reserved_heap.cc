#include "shm/heap/reserved_heap.h"

namespace ringmaster::shm {
namespace {

constexpr auto kLately = std::chrono::seconds(10);
constexpr std::uint64_t kAlwaysKept = std::uint64_t{4} << 20;

}  // namespace

bool ReservedHeap::rest(TimePoint now) noexcept {
  if (now - watched_since_ < kLately) return false;
  const std::uint64_t reserved = pages_.reserved();
  if (reserved > kAlwaysKept && (giving_back_ || heap_.high_water() <= reserved / 2)) {
    pages_.give_back(std::max(heap_.high_water(), kAlwaysKept), kPortion);
    giving_back_ = pages_.reserved() < reserved;
    if (giving_back_) return true;
  }
  giving_back_ = false;
  heap_.forget_high_water();
  watched_since_ = now;
  return false;
}

}  // namespace ringmaster::shm
