#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace ringmaster::shm {

/// A piece of a payload ring, aligned to a cache line. `id` is what gives it back.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  ///< rounded up to whole cache lines; 0: an extent of nothing, always granted
  std::uint64_t id = 0;     ///< 0: nothing to give back
};

/// Circular allocator of one payload ring, kept wholly in its client's private memory: the segment holds bytes only, so
/// no peer can corrupt it and a client's death needs no repair. Extents are contiguous, taken at a head that roves and
/// wraps, given back in any order; when none is out the head returns to the start, so that a lone caller reuses warm
/// pages. Not thread-safe.
class PayloadRing {
 public:
  explicit PayloadRing(std::uint64_t capacity) noexcept : capacity_(capacity) {}

  /// nullopt: no contiguous room now (larger than capacity(): never).
  [[nodiscard]] std::optional<Extent> take(std::uint64_t bytes);
  void give_back(std::uint64_t id) noexcept;
  /// Shortens the newest extent to `bytes`, if it is the newest; else leaves it as it is.
  void shrink(Extent& extent, std::uint64_t bytes) noexcept;

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return in_use_; }
  /// One past the highest byte ever handed out: what must have been reserved (reserve_pages).
  [[nodiscard]] std::uint64_t high_water() const noexcept { return high_water_; }

 private:
  struct Piece {
    std::uint64_t offset;
    std::uint64_t bytes;
    bool out;
  };
  void drop_returned() noexcept;

  std::uint64_t capacity_;
  std::uint64_t head_ = 0;
  std::uint64_t in_use_ = 0;
  std::uint64_t high_water_ = 0;
  std::uint64_t front_id_ = 1;
  std::deque<Piece> pieces_;  // in the order they were taken; piece i has id front_id_ + i
};

}  // namespace ringmaster::shm
