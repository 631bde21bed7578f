#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "shm/extent.h"

namespace ringmaster::shm {

/// Circular allocator of one payload ring. It lies in its client's private memory and the segment holds only bytes, so
/// no other process can corrupt it, and a client's death needs no repair. Extents are contiguous; they are taken at a
/// head that moves on and wraps, and given back in any order. When none is taken the head returns to the start, so that
/// a client with one job at a time reuses the same cached pages. Not thread-safe. Inline: nearly every job takes an
/// extent and gives it back.
class PayloadRing {
 public:
  explicit PayloadRing(std::uint64_t capacity) : capacity_(capacity), pieces_(16) {}

  /// nullopt: no contiguous room now (larger than capacity(): never).
  [[nodiscard]] std::optional<Extent> take(std::uint64_t bytes) {
    if (bytes > capacity_) return std::nullopt;
    if (bytes == 0) return Extent{};
    const std::uint64_t size = whole_lines(bytes);
    if (front_id_ == next_id_) {
      head_ = 0;
      if (size > capacity_) return std::nullopt;
    } else if (!make_way(size)) {
      return std::nullopt;
    }
    const Extent taken{head_, size, next_id_++};
    piece(taken.id) = {head_, size};
    head_ += size;
    in_use_ += size;
    return taken;
  }
  void give_back(std::uint64_t id) noexcept {
    if (id == 0) return;
    RM_CHECK(id >= front_id_ && id < next_id_);
    Piece& returned = piece(id);
    RM_CHECK(returned.bytes != 0);
    in_use_ -= returned.bytes;
    returned.bytes = 0;
    while (front_id_ != next_id_ && piece(front_id_).bytes == 0) ++front_id_;
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t in_use() const noexcept { return in_use_; }

 private:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;  // 0: it was given back
  };
  [[nodiscard]] Piece& piece(std::uint64_t id) noexcept { return pieces_[id & (pieces_.size() - 1)]; }
  /// Has room at the head for `size` bytes behind what is out, and for one more piece. REQUIRES: something is out.
  [[nodiscard]] bool make_way(std::uint64_t size);

  std::uint64_t capacity_;
  std::uint64_t head_ = 0;
  std::uint64_t in_use_ = 0;
  // In the order they were taken, from the oldest that is out: front_id_ to before next_id_, each in the place that its
  // id has in `pieces_`, whose size is a power of two.
  std::uint64_t front_id_ = 1;
  std::uint64_t next_id_ = 1;
  std::vector<Piece> pieces_;
};

}  // namespace ringmaster::shm
