#include "shm/heap/holes.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::shm {

std::uint64_t Holes::take(Index& at, std::uint64_t bytes) noexcept {
  RM_CHECK(at != kNone);
  Node& node = nodes_[at];
  std::uint64_t offset = node.offset;
  if (nodes_[node.low].largest >= bytes) {
    offset = take(node.low, bytes);
  } else if (node.bytes < bytes) {
    offset = take(node.high, bytes);
  } else if (node.bytes == bytes) {
    drop(at);
    return offset;
  } else {
    node.offset += bytes;
    node.bytes -= bytes;
  }
  refresh(at);
  return offset;
}

void Holes::give(std::uint64_t offset, std::uint64_t bytes) noexcept {
  Index low = kNone;
  Index high = kNone;
  split(root_, offset, low, high);
  const std::uint64_t begin = take_last(low, offset);
  const std::uint64_t end = take_first(high, offset + bytes);
  root_ = joined(joined(low, make(begin, end - begin)), high);
}

// Removes the last hole of the tree if it ends at `end`, and returns its offset; else returns `end`.
std::uint64_t Holes::take_last(Index& at, std::uint64_t end) noexcept {
  if (at == kNone) return end;
  Node& node = nodes_[at];
  if (node.high != kNone) {
    end = take_last(node.high, end);
    refresh(at);
    return end;
  }
  RM_CHECK(node.offset + node.bytes <= end);
  if (node.offset + node.bytes < end) return end;
  end = node.offset;
  drop(at);
  return end;
}

// Removes the first hole of the tree if it begins at `begin`, and returns its end; else returns `begin`.
std::uint64_t Holes::take_first(Index& at, std::uint64_t begin) noexcept {
  if (at == kNone) return begin;
  Node& node = nodes_[at];
  if (node.low != kNone) {
    begin = take_first(node.low, begin);
    refresh(at);
    return begin;
  }
  RM_CHECK(node.offset >= begin);
  if (node.offset > begin) return begin;
  begin += node.bytes;
  drop(at);
  return begin;
}

// Splits a tree: holes before `offset` into `low`, the others into `high`.
void Holes::split(Index at, std::uint64_t offset, Index& low, Index& high) noexcept {
  if (at == kNone) {
    low = high = kNone;
    return;
  }
  if (nodes_[at].offset < offset) {
    low = at;
    split(nodes_[at].high, offset, nodes_[at].high, high);
  } else {
    high = at;
    split(nodes_[at].low, offset, low, nodes_[at].low);
  }
  refresh(at);
}

// One tree of two. REQUIRES: all holes of `low` lie before those of `high`.
Holes::Index Holes::joined(Index low, Index high) noexcept {
  if (low == kNone) return high;
  if (high == kNone) return low;
  Index& above = nodes_[low].rank > nodes_[high].rank ? low : high;
  if (&above == &low) {
    nodes_[low].high = joined(nodes_[low].high, high);
  } else {
    nodes_[high].low = joined(low, nodes_[high].low);
  }
  refresh(above);
  return above;
}

void Holes::refresh(Index at) noexcept {
  Node& node = nodes_[at];
  node.largest = std::max({node.bytes, nodes_[node.low].largest, nodes_[node.high].largest});
}

Holes::Index Holes::make(std::uint64_t offset, std::uint64_t bytes) noexcept {
  Index at = spare_;
  if (at != kNone) {
    spare_ = nodes_[at].low;
  } else {
    RM_CHECK(nodes_.size() < nodes_.capacity());
    at = static_cast<Index>(nodes_.size());
    nodes_.emplace_back();
  }
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  nodes_[at] = {offset, bytes, bytes, kNone, kNone, random_};
  return at;
}

// Removes a node; its subtree takes its place.
void Holes::drop(Index& at) noexcept {
  const Index dropped = at;
  at = joined(nodes_[dropped].low, nodes_[dropped].high);
  nodes_[dropped].low = spare_;
  spare_ = dropped;
}

}  // namespace ringmaster::shm
