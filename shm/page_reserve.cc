#include "shm/page_reserve.h"

#include <algorithm>

#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

constexpr std::uint64_t whole_steps(std::uint64_t bytes) { return (bytes + kStep - 1) / kStep * kStep; }

}  // namespace

std::uint64_t PageReserve::step(std::uint64_t end) const noexcept {
  return std::min(capacity_, whole_steps(end)) - reserved_;
}

bool PageReserve::reserve(std::uint64_t bytes) noexcept {
  if (!reserve_pages(fd_, file_offset_ + reserved_, bytes)) return false;
  reserved_ += bytes;
  return true;
}

void PageReserve::give_back(std::uint64_t end, std::uint64_t most) noexcept {
  const std::uint64_t keep = std::max(whole_steps(end), reserved_ - std::min(reserved_, most));
  if (keep >= reserved_) return;
  const std::uint64_t before = reserved_;
  reserved_ = keep;  // also if the call fails: reserving a page twice does no harm
  (void)drop_pages(fd_, file_offset_ + keep, before - keep);
}

}  // namespace ringmaster::shm
