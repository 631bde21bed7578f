#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringmaster::shm {

/// The free pieces between the extents of a payload heap. No two of them touch. A treap sorted by offset, in which each
/// node has the size of the largest hole in its subtree: finding the lowest hole that is large enough, and joining a
/// hole with its neighbours, takes O(log n). Not thread-safe.
class Holes {
 public:
  Holes() : nodes_(1) {}

  [[nodiscard]] bool empty() const noexcept { return root_ == kNone; }
  /// Bytes of the largest hole; 0: there is none.
  [[nodiscard]] std::uint64_t largest() const noexcept { return nodes_[root_].largest; }
  /// Allocates memory, so that give() needs none while there are at most `count` holes.
  void make_room_for(std::size_t count) {
    if (count >= nodes_.capacity()) [[unlikely]]
      nodes_.reserve(2 * count + 16);
  }
  /// Takes `bytes` from the front of the lowest hole that is large enough, and returns their offset. REQUIRES: bytes <=
  /// largest().
  [[nodiscard]] std::uint64_t take(std::uint64_t bytes) noexcept { return take(root_, bytes); }
  /// Adds a hole and joins it with those that it touches. REQUIRES: it overlaps none.
  void give(std::uint64_t offset, std::uint64_t bytes) noexcept;
  /// Removes the last hole if it ends at `end`, and returns its offset; else returns `end`. REQUIRES: no hole lies
  /// behind `end`.
  [[nodiscard]] std::uint64_t give_up_before(std::uint64_t end) noexcept { return take_last(root_, end); }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0;  // nodes_[0] stands for no hole

  struct Node {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t largest = 0;  // bytes of the largest hole of its subtree
    Index low = kNone;
    Index high = kNone;
    std::uint32_t rank = 0;  // random; the highest of its subtree
  };

  [[nodiscard]] std::uint64_t take(Index& at, std::uint64_t bytes) noexcept;
  [[nodiscard]] std::uint64_t take_last(Index& at, std::uint64_t end) noexcept;
  [[nodiscard]] std::uint64_t take_first(Index& at, std::uint64_t begin) noexcept;
  void split(Index at, std::uint64_t offset, Index& low, Index& high) noexcept;
  [[nodiscard]] Index joined(Index low, Index high) noexcept;
  void refresh(Index at) noexcept;
  [[nodiscard]] Index make(std::uint64_t offset, std::uint64_t bytes) noexcept;
  void drop(Index& at) noexcept;

  std::vector<Node> nodes_;
  Index root_ = kNone;
  Index spare_ = kNone;  // unused nodes, linked by `low`
  std::uint32_t random_ = 1;
};

}  // namespace ringmaster::shm
