#include "shm/heap/payload_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace ringmaster::shm {
namespace {

constexpr std::uint64_t kLine = kCacheLine;

TEST(PayloadHeap, GivesALoneCallerTheSamePlaceEachTime) {
  PayloadHeap heap(4096);
  for (const std::uint64_t bytes : {100U, 4096U, 1U, 2000U}) {
    auto extent = heap.take(bytes);
    ASSERT_TRUE(extent);
    EXPECT_EQ(extent->offset, 0U);
    heap.trim(*extent, bytes / 2);
    heap.give_back(extent->id);
    EXPECT_EQ(heap.in_use(), 0U);
    EXPECT_EQ(heap.top(), 0U);
  }
}

TEST(PayloadHeap, GoesOnBesideOneThatIsKept) {
  PayloadHeap heap(64 * kLine);
  std::vector<Extent> others;
  for (int at = 0; at < 3; ++at) others.push_back(*heap.take(kLine));
  const auto kept = heap.take(kLine);
  for (const Extent& other : others) heap.give_back(other.id);
  for (int job = 0; job < 10'000; ++job) {
    const auto extent = heap.take(20 * kLine);
    ASSERT_TRUE(extent);
    heap.give_back(extent->id);
  }
  EXPECT_EQ(heap.in_use(), kLine);
  heap.give_back(kept->id);
  EXPECT_EQ(heap.take(64 * kLine)->offset, 0U);
}

TEST(PayloadHeap, RefusesWhatCannotFitAndGrantsAllOfIt) {
  PayloadHeap heap(4096);
  EXPECT_FALSE(heap.take(4097));
  const auto all = heap.take(4096);
  ASSERT_TRUE(all);
  EXPECT_FALSE(heap.take(1));
  heap.give_back(all->id);
  EXPECT_TRUE(heap.take(4096));
}

TEST(PayloadHeap, GrantsAllOfTheLargestRing) {
  PayloadHeap heap(std::uint64_t{1} << 38);
  const auto all = heap.take(heap.capacity());
  ASSERT_TRUE(all);
  EXPECT_NE(all->id, 0U);
  heap.give_back(all->id);
  EXPECT_EQ(heap.in_use(), 0U);
}

TEST(PayloadHeap, ATrimmedTailIsFreeAtOnce) {
  PayloadHeap heap(16 * kLine);
  auto large = heap.take(12 * kLine);
  const auto last = heap.take(4 * kLine);
  EXPECT_FALSE(heap.take(1));
  heap.trim(*large, kLine + 1);
  EXPECT_EQ(large->bytes, 2 * kLine);
  EXPECT_EQ(heap.in_use(), 6 * kLine);
  EXPECT_EQ(heap.take(10 * kLine)->offset, 2 * kLine);
  heap.give_back(large->id);
  heap.give_back(last->id);
  EXPECT_EQ(heap.in_use(), 10 * kLine);
}

TEST(PayloadHeap, KeepsALineOfWhatIsTrimmedToNothing) {
  PayloadHeap heap(16 * kLine);
  auto extent = heap.take(8 * kLine);
  heap.trim(*extent, 0);
  EXPECT_EQ(extent->bytes, kLine);
  heap.trim(*extent, 5 * kLine);
  EXPECT_EQ(extent->bytes, kLine) << "it does not grow";
  Extent nothing;
  heap.trim(nothing, 0);
  EXPECT_EQ(nothing.id, 0U);
}

TEST(PayloadHeap, EmptyExtentsNeedNothing) {
  PayloadHeap heap(4096);
  const auto nothing = heap.take(0);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->id, 0U);
  heap.give_back(nothing->id);
}

TEST(PayloadHeap, RemembersHowHighItWas) {
  PayloadHeap heap(16 * kLine);
  const auto low = heap.take(kLine);
  heap.give_back(heap.take(10 * kLine)->id);
  EXPECT_EQ(heap.high_water(), 11 * kLine);
  heap.forget_high_water();
  EXPECT_EQ(heap.high_water(), kLine);
  heap.give_back(low->id);
}

TEST(PayloadHeapDeathTest, NoticesWhatIsGivenBackTwice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  PayloadHeap heap(4096);
  const auto one = heap.take(64);
  const auto two = heap.take(64);
  const auto three = heap.take(64);
  heap.give_back(one->id);
  EXPECT_DEATH(heap.give_back(one->id), "check failed");
  heap.give_back(three->id);
  EXPECT_DEATH(heap.give_back(three->id), "check failed");
  heap.give_back(two->id);
}

/// The same heap line by line.
struct Lines {
  std::vector<bool> taken;

  /// The lowest place; taken.size(): none.
  [[nodiscard]] std::size_t lowest(std::size_t lines) const {
    std::size_t run = 0;
    for (std::size_t at = 0; at < taken.size(); ++at) {
      run = taken[at] ? 0 : run + 1;
      if (run == lines) return at + 1 - lines;
    }
    return taken.size();
  }
  void set(std::uint64_t offset, std::uint64_t bytes, bool to) {
    for (std::uint64_t at = offset / kLine; at < (offset + bytes) / kLine; ++at) {
      ASSERT_NE(taken[at], to);
      taken[at] = to;
    }
  }
  [[nodiscard]] std::uint64_t in_use() const {
    return kLine * static_cast<std::uint64_t>(std::count(taken.begin(), taken.end(), true));
  }
  [[nodiscard]] std::uint64_t top() const {
    std::uint64_t end = 0;
    for (std::size_t at = 0; at < taken.size(); ++at)
      if (taken[at]) end = (at + 1) * kLine;
    return end;
  }
};

// `largest`: of what is asked for, in lines; `keenness`: how often something is taken, of 10.
void compare(std::uint32_t seed, std::uint32_t largest, std::uint32_t keenness) {
  constexpr std::size_t kLines = 512;
  std::mt19937 random(seed);
  PayloadHeap heap(kLines * kLine);
  Lines lines{std::vector<bool>(kLines)};
  std::vector<Extent> out;
  for (int step = 0; step < 2000; ++step) {
    const auto what = random() % 10;
    if (what < keenness) {
      const std::uint64_t bytes = 1 + random() % (largest * kLine);
      const std::size_t expected = lines.lowest(whole_lines(bytes) / kLine);
      const auto extent = heap.take(bytes);
      ASSERT_EQ(extent.has_value(), expected != kLines) << "seed " << seed << " step " << step;
      if (!extent) continue;
      ASSERT_EQ(extent->offset, expected * kLine) << "seed " << seed << " step " << step;
      ASSERT_EQ(extent->bytes, whole_lines(bytes));
      lines.set(extent->offset, extent->bytes, true);
      out.push_back(*extent);
    } else if (!out.empty()) {
      Extent& extent = out[random() % out.size()];
      if (what == 9) {
        const Extent before = extent;
        heap.trim(extent, random() % (extent.bytes + 1));
        lines.set(extent.offset + extent.bytes, before.bytes - extent.bytes, false);
      } else {
        heap.give_back(extent.id);
        lines.set(extent.offset, extent.bytes, false);
        extent = out.back();
        out.pop_back();
      }
    }
    ASSERT_EQ(heap.in_use(), lines.in_use());
    ASSERT_EQ(heap.top(), lines.top());
  }
  for (const Extent& extent : out) heap.give_back(extent.id);
  ASSERT_EQ(heap.in_use(), 0U);
  ASSERT_EQ(heap.take(kLines * kLine)->offset, 0U);
}

TEST(PayloadHeap, DoesAsAHeapThatLooksAtEachLine) {
  for (std::uint32_t seed = 1; seed <= 24; ++seed) {
    compare(seed, 1 + seed % 4 * 13, 4 + seed % 3);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace ringmaster::shm
