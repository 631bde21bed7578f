#include "shm/heap/reserved_heap.h"

#include <gtest/gtest.h>

#include <vector>

#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

constexpr ReservedHeap::TimePoint at_second(int second) {
  return ReservedHeap::TimePoint(std::chrono::seconds(1000 + second));
}

struct Heap {
  UniqueFd fd = create_segment("heap", 256 * kMiB).value();
  ReservedHeap heap{256 * kMiB, fd.get(), 0};
  std::vector<std::uint64_t> asked;
  bool yes = true;
  Taken take(std::uint64_t bytes, Extent& extent) {
    return heap.take(bytes, extent, [this](std::uint64_t more) {
      asked.push_back(more);
      return yes;
    });
  }
  /// Used at once, and given back.
  void use(std::uint64_t bytes) {
    Extent extent;
    ASSERT_EQ(take(bytes, extent), Taken::Ok);
    heap.give_back(extent.id);
  }
  void rest(ReservedHeap::TimePoint now) {
    while (heap.rest(now)) {
    }
  }
  [[nodiscard]] std::uint64_t pages() const { return allocated_bytes(fd.get()); }
};

TEST(ReservedHeap, ReservesOneStepAheadAndNeverTwice) {
  Heap h;
  h.use(1000);
  EXPECT_EQ(h.heap.reserved(), kMiB);
  h.use(3 * kMiB);
  h.use(3 * kMiB);
  EXPECT_EQ(h.asked, (std::vector<std::uint64_t>{kMiB, 2 * kMiB}));
  EXPECT_EQ(h.pages(), 3 * kMiB);
}

TEST(ReservedHeap, TakesNothingWhereThePagesMayNotBeHad) {
  Heap h;
  h.yes = false;
  Extent large;
  EXPECT_EQ(h.take(4 * kMiB, large), Taken::NoMemory);
  EXPECT_EQ(h.heap.in_use(), 0U);
  EXPECT_EQ(h.heap.reserved(), 0U);
  EXPECT_EQ(h.take(257 * kMiB, large), Taken::NoRoom);
  EXPECT_EQ(h.take(0, large), Taken::Ok);
  EXPECT_EQ(large.id, 0U);
}

TEST(ReservedHeap, GivesBackWhatWasNotUsedLatelyAndReservesItAgain) {
  Heap h;
  h.use(32 * kMiB);
  h.rest(at_second(0));
  EXPECT_EQ(h.heap.reserved(), 32 * kMiB) << "it was used just now";
  h.use(kMiB);
  h.rest(at_second(9));
  EXPECT_EQ(h.heap.reserved(), 32 * kMiB);
  h.rest(at_second(10));
  EXPECT_EQ(h.heap.reserved(), 4 * kMiB);
  EXPECT_EQ(h.pages(), 4 * kMiB);
  h.asked.clear();
  h.use(32 * kMiB);
  EXPECT_EQ(h.asked, (std::vector<std::uint64_t>{28 * kMiB}));
  EXPECT_EQ(h.pages(), 32 * kMiB);
}

TEST(ReservedHeap, KeepsWhatIsUsedNowAndThen) {
  Heap h;
  h.use(32 * kMiB);
  h.rest(at_second(0));
  for (int second = 5; second < 60; second += 5) {
    if (second % 10 == 5) h.use(20 * kMiB);
    h.rest(at_second(second));
    EXPECT_EQ(h.heap.reserved(), 32 * kMiB) << second;
  }
}

TEST(ReservedHeap, KeepsThePagesBelowWhatIsOut) {
  Heap h;
  Extent below;
  Extent kept;
  ASSERT_EQ(h.take(30 * kMiB, below), Taken::Ok);
  ASSERT_EQ(h.take(64, kept), Taken::Ok);
  h.use(100 * kMiB);
  h.heap.give_back(below.id);
  for (const int second : {0, 10, 20, 30}) h.rest(at_second(second));
  EXPECT_EQ(h.heap.reserved(), 31 * kMiB);
  EXPECT_EQ(h.pages(), 31 * kMiB);
}

TEST(ReservedHeap, GivesBackInPortions) {
  Heap h;
  h.use(200 * kMiB);
  EXPECT_FALSE(h.heap.rest(at_second(0)));
  int calls = 0;
  for (std::uint64_t before = h.heap.reserved(); h.heap.rest(at_second(10)); before = h.heap.reserved()) {
    EXPECT_EQ(before - h.heap.reserved(), ReservedHeap::kPortion);
    ++calls;
  }
  EXPECT_EQ(calls, 98);
  EXPECT_EQ(h.heap.reserved(), 4 * kMiB);
  EXPECT_FALSE(h.heap.rest(at_second(21))) << "there is nothing more";
}

}  // namespace
}  // namespace ringmaster::shm
