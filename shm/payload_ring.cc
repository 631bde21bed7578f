#include "shm/payload_ring.h"

#include <algorithm>

#include "base/check.h"
#include "shm/layout.h"

namespace ringmaster::shm {

std::optional<Extent> PayloadRing::take(std::uint64_t bytes) {
  if (bytes > capacity_) return std::nullopt;
  if (bytes == 0) return Extent{};
  const std::uint64_t size = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  if (pieces_.empty()) head_ = 0;
  // Free space: empty ring: [0, capacity); head at or after the oldest piece: [head, capacity) and, after a wrap,
  // [0, oldest); head before it: [head, oldest).
  const std::uint64_t oldest = pieces_.empty() ? capacity_ : pieces_.front().offset;
  const bool wrapped = !pieces_.empty() && pieces_.back().offset < oldest;
  const std::uint64_t limit = wrapped ? oldest : capacity_;
  if (size > limit - head_) {
    if (wrapped || pieces_.empty() || size > oldest) return std::nullopt;
    head_ = 0;
  }
  pieces_.push_back({head_, size, true});
  head_ += size;
  in_use_ += size;
  high_water_ = std::max(high_water_, head_);
  return Extent{pieces_.back().offset, size, front_id_ + pieces_.size() - 1};
}

void PayloadRing::give_back(std::uint64_t id) noexcept {
  if (id == 0) return;
  RM_CHECK(id >= front_id_ && id - front_id_ < pieces_.size());
  Piece& piece = pieces_[id - front_id_];
  RM_CHECK(piece.out);
  piece.out = false;
  in_use_ -= piece.bytes;
  drop_returned();
}

void PayloadRing::shrink(Extent& extent, std::uint64_t bytes) noexcept {
  const std::uint64_t size = std::max<std::uint64_t>(kCacheLine, (bytes + kCacheLine - 1) / kCacheLine * kCacheLine);
  if (extent.id == 0 || extent.id != front_id_ + pieces_.size() - 1 || size >= extent.bytes) return;
  pieces_.back().bytes = size;
  in_use_ -= extent.bytes - size;
  head_ = extent.offset + size;
  extent.bytes = size;
}

void PayloadRing::drop_returned() noexcept {
  while (!pieces_.empty() && !pieces_.front().out) {
    pieces_.pop_front();
    ++front_id_;
  }
}

}  // namespace ringmaster::shm
