#include "shm/payload_ring.h"

namespace ringmaster::shm {

// What is free: with the head at or after the oldest piece [head, capacity) and, after a wrap, [0, oldest); with the
// head before it [head, oldest).
bool PayloadRing::make_way(std::uint64_t size) {
  const std::uint64_t oldest = piece(front_id_).offset;
  const bool wrapped = piece(next_id_ - 1).offset < oldest;
  const std::uint64_t limit = wrapped ? oldest : capacity_;
  const bool wraps = size > limit - head_;
  if (wraps && (wrapped || size > oldest)) return false;
  if (next_id_ - front_id_ == pieces_.size()) {
    std::vector<Piece> more(pieces_.size() * 2);
    for (std::uint64_t id = front_id_; id != next_id_; ++id) more[id & (more.size() - 1)] = piece(id);
    pieces_ = std::move(more);
  }
  if (wraps) head_ = 0;
  return true;
}

}  // namespace ringmaster::shm
