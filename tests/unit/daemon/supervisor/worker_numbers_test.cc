#include "daemon/supervisor/worker_numbers.h"

#include <gtest/gtest.h>

#include <array>

namespace ringmaster::daemon {
namespace {

TEST(WorkerNumbers, FollowEachOtherPoolAfterPool) {
  constexpr std::array<unsigned, 3> kSeats{3, 1, 2};
  const auto numbers = WorkerNumbers::of(kSeats);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->first(0), 0U);
  EXPECT_EQ(numbers->first(1), 3U);
  EXPECT_EQ(numbers->first(2), 4U);
  constexpr std::array<std::size_t, 6> kPools{0, 0, 0, 1, 2, 2};
  for (std::uint32_t worker = 0; worker < kPools.size(); ++worker) EXPECT_EQ(numbers->pool_of(worker), kPools[worker]);
  EXPECT_FALSE(numbers->pool_of(6));
  EXPECT_FALSE(numbers->pool_of(1U << 20));
}

TEST(WorkerNumbers, HaveARoomInTheLedgerEach) {
  constexpr std::array<unsigned, 4> kAll{256, 256, 256, 256};
  EXPECT_TRUE(WorkerNumbers::of(kAll));
  constexpr std::array<unsigned, 5> kOneMore{256, 256, 256, 256, 1};
  const auto refused = WorkerNumbers::of(kOneMore);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the pools have more than 1024 workers and spares together; lower [pool.*] workers");
}

TEST(WorkerNumbers, AreNoOnesBeforePoolsAreThere) { EXPECT_FALSE(WorkerNumbers().pool_of(0)); }

}  // namespace
}  // namespace ringmaster::daemon
