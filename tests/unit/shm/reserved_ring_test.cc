#include "shm/reserved_ring.h"

#include <gtest/gtest.h>

#include <vector>

#include "shm/memfd.h"

namespace ringmaster::shm {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Ring {
  UniqueFd fd = create_segment("ring", 8 * kMiB).value();
  ReservedRing ring{8 * kMiB, fd.get(), 0};
  std::vector<std::uint64_t> asked;
  bool yes = true;
  Taken take(std::uint64_t bytes, Extent& extent) {
    return ring.take(bytes, extent, [this](std::uint64_t more) {
      asked.push_back(more);
      return yes;
    });
  }
};

TEST(ReservedRing, ReservesOneStepAheadAndNeverTwice) {
  Ring r;
  Extent small;
  ASSERT_EQ(r.take(1000, small), Taken::Ok);
  EXPECT_EQ(r.ring.reserved(), kMiB);
  Extent more;
  ASSERT_EQ(r.take(2 * kMiB, more), Taken::Ok);
  EXPECT_EQ(r.asked, (std::vector<std::uint64_t>{kMiB, 2 * kMiB}));
  r.ring.give_back(small.id);
  r.ring.give_back(more.id);
  ASSERT_EQ(r.take(3 * kMiB, more), Taken::Ok);
  EXPECT_EQ(r.asked.size(), 2U) << "what was used before is there";
}

TEST(ReservedRing, ReservesNoMoreThanTheRing) {
  Ring r;
  Extent all;
  ASSERT_EQ(r.take(8 * kMiB, all), Taken::Ok);
  EXPECT_EQ(r.ring.reserved(), 8 * kMiB);
}

TEST(ReservedRing, TakesNothingWhereThePagesMayNotBeHad) {
  Ring r;
  r.yes = false;
  Extent large;
  EXPECT_EQ(r.take(4 * kMiB, large), Taken::NoMemory);
  EXPECT_EQ(r.ring.in_use(), 0U);
  EXPECT_EQ(r.ring.reserved(), 0U);
  EXPECT_EQ(r.take(9 * kMiB, large), Taken::NoRoom);
  EXPECT_EQ(r.asked.size(), 1U);
}

TEST(ReservedRing, NothingIsAlwaysThere) {
  Ring r;
  r.yes = false;
  Extent none{1, 2, 3};
  EXPECT_EQ(r.take(0, none), Taken::Ok);
  EXPECT_EQ(none.id, 0U);
  r.ring.give_back(none.id);
}

}  // namespace
}  // namespace ringmaster::shm
