#include "shm/payload_ring.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace ringmaster::shm {
namespace {

TEST(PayloadRing, ReturnsToTheStartWhenNothingIsOut) {
  PayloadRing ring(4096);
  for (int i = 0; i < 100; ++i) {
    const auto extent = ring.take(1000);
    ASSERT_TRUE(extent);
    EXPECT_EQ(extent->offset, 0u);
    EXPECT_EQ(extent->bytes, 1024u);
    ring.give_back(extent->id);
  }
}

TEST(PayloadRing, RefusesWhatCannotFitAndGrantsAllOfIt) {
  PayloadRing ring(4096);
  EXPECT_FALSE(ring.take(4097));
  const auto all = ring.take(4096);
  ASSERT_TRUE(all);
  EXPECT_FALSE(ring.take(1));
  ring.give_back(all->id);
  EXPECT_TRUE(ring.take(1));
}

TEST(PayloadRing, WrapsBehindTheOldest) {
  PayloadRing ring(4096);
  const auto a = ring.take(2048);
  const auto b = ring.take(1024);
  ring.give_back(a->id);
  const auto c = ring.take(1536);  // does not fit behind b, fits in front of it
  ASSERT_TRUE(c);
  EXPECT_EQ(c->offset, 0u);
  EXPECT_FALSE(ring.take(1024));
  ring.give_back(b->id);
  ring.give_back(c->id);
  EXPECT_EQ(ring.in_use(), 0u);
}

TEST(PayloadRing, EmptyExtentsNeedNothing) {
  PayloadRing ring(4096);
  const auto nothing = ring.take(0);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->id, 0u);
  ring.give_back(nothing->id);
}

TEST(PayloadRing, HoldsAnyNumberOfExtents) {
  PayloadRing ring(64 * 1000);
  std::vector<std::uint64_t> ids;
  for (std::uint64_t at = 0; at < 1000; ++at) {
    const auto extent = ring.take(64);
    ASSERT_TRUE(extent);
    EXPECT_EQ(extent->offset, at * 64);
    ids.push_back(extent->id);
  }
  EXPECT_FALSE(ring.take(64));
  for (const std::uint64_t id : ids) {
    ring.give_back(id);
    ASSERT_TRUE(ring.take(64)) << id;  // behind the newest, in the place of the oldest
  }
  EXPECT_EQ(ring.in_use(), ring.capacity());
}

TEST(PayloadRing, NeverOverlapsAndAlwaysDrains) {
  std::mt19937 random(1);
  PayloadRing ring(1 << 16);
  std::map<std::uint64_t, Extent> out;  // by offset
  for (int step = 0; step < 200'000; ++step) {
    if (random() % 2 == 0) {
      const auto extent = ring.take(1 + random() % 6000);
      if (!extent) continue;
      ASSERT_EQ(extent->offset % 64, 0u);
      ASSERT_LE(extent->offset + extent->bytes, ring.capacity());
      const auto next = out.lower_bound(extent->offset);
      if (next != out.end()) {
        ASSERT_LE(extent->offset + extent->bytes, next->first);
      }
      if (next != out.begin()) {
        ASSERT_LE(std::prev(next)->second.offset + std::prev(next)->second.bytes, extent->offset);
      }
      out.emplace(extent->offset, *extent);
    } else if (!out.empty()) {
      auto it = std::next(out.begin(), static_cast<long>(random() % out.size()));
      ring.give_back(it->second.id);
      out.erase(it);
    }
  }
  for (const auto& [offset, extent] : out) ring.give_back(extent.id);
  EXPECT_EQ(ring.in_use(), 0u);
  EXPECT_EQ(ring.take(1 << 16)->offset, 0u);
}

}  // namespace
}  // namespace ringmaster::shm
