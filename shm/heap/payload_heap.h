#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "shm/extent.h"
#include "shm/heap/holes.h"

namespace ringmaster::shm {

/// Heap allocator of one payload ring, for extents that may be kept for any time: unlike in PayloadRing, one of them
/// never blocks the others. It lies in its client's private memory and the segment holds only bytes. An extent is taken
/// at the lowest offset that has room: a client with one job at a time reuses the same cached pages, and no page is
/// touched for the first time while an earlier one is free. An extent is granted if any contiguous free piece is large
/// enough.
///
///     0        extents with holes between them           top                capacity
///     | extent | hole | extent | hole |  …  | extent |   free                      |
///
/// Costs O(log n) with n holes, O(1) and inline without any. Not thread-safe.
class PayloadHeap {
 public:
  /// REQUIRES: capacity <= 2^38, the largest ring: an extent's id holds its offset and size in cache lines.
  explicit PayloadHeap(std::uint64_t capacity) : capacity_(capacity) {
    RM_CHECK(capacity <= (std::uint64_t{kCacheLine} << 32));
  }

  /// nullopt: no contiguous room now; never if `bytes` exceed capacity().
  [[nodiscard]] std::optional<Extent> take(std::uint64_t bytes) {
    if (bytes == 0) return Extent{};
    if (bytes > capacity_) return std::nullopt;
    const std::uint64_t size = whole_lines(bytes);
    holes_.make_room_for(out_ + 1);  // an extent follows each hole, so there are no more holes than extents
    std::uint64_t offset = top_;
    if (size <= holes_.largest()) {
      offset = holes_.take(size);
    } else {
      if (size > capacity_ - top_) return std::nullopt;
      top_ += size;
      high_water_ = std::max(high_water_, top_);
    }
    ++out_;
    in_use_ += size;
    return Extent{offset, size, id_of(offset, size)};
  }
  void give_back(std::uint64_t id) noexcept {
    if (id == 0) return;
    const Extent extent = extent_of(id);
    RM_CHECK(out_ != 0);
    --out_;
    free(extent.offset, extent.bytes);
  }
  /// Shortens an extent to `bytes`, at least one cache line, and frees the rest at once. Never makes it longer.
  void trim(Extent& extent, std::uint64_t bytes) noexcept {
    const std::uint64_t size = std::max(std::uint64_t{kCacheLine}, whole_lines(bytes));
    if (size >= extent.bytes) return;
    free(extent.offset + size, extent.bytes - size);
    extent.bytes = size;
    extent.id = id_of(extent.offset, size);
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return in_use_; }
  /// The end of the last extent; 0: none is taken.
  [[nodiscard]] std::uint64_t top() const noexcept { return top_; }
  /// The highest top() since the last forget_high_water().
  [[nodiscard]] std::uint64_t high_water() const noexcept { return high_water_; }
  void forget_high_water() noexcept { high_water_ = top_; }

 private:
  [[nodiscard]] static constexpr std::uint64_t id_of(std::uint64_t offset, std::uint64_t bytes) noexcept {
    return (offset / kCacheLine << 32 | (bytes / kCacheLine - 1)) + 1;
  }
  [[nodiscard]] static constexpr Extent extent_of(std::uint64_t id) noexcept {
    return {((id - 1) >> 32) * kCacheLine, (((id - 1) & 0xFFFF'FFFF) + 1) * kCacheLine, id};
  }
  void free(std::uint64_t offset, std::uint64_t bytes) noexcept {
    RM_CHECK(bytes <= in_use_ && offset + bytes <= top_);
    in_use_ -= bytes;
    if (offset + bytes != top_) {
      holes_.give(offset, bytes);
      return;
    }
    top_ = offset;
    if (!holes_.empty()) top_ = holes_.give_up_before(top_);
  }

  std::uint64_t capacity_;
  std::uint64_t top_ = 0;
  std::uint64_t in_use_ = 0;
  std::uint64_t high_water_ = 0;
  std::size_t out_ = 0;
  Holes holes_;
};

}  // namespace ringmaster::shm
