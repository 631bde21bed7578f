#include "shm/histogram.h"

#include <gtest/gtest.h>

#include <random>

namespace ringmaster::shm {
namespace {

TEST(Histogram, BucketsFollowEachOtherWithoutAGap) {
  EXPECT_EQ(bounds_of(0).first, 0u);
  for (std::uint32_t bucket = 0; bucket + 1 < kTimeBuckets; ++bucket) {
    EXPECT_EQ(bounds_of(bucket).end, bounds_of(bucket + 1).first) << bucket;
    EXPECT_EQ(bucket_of(bounds_of(bucket).first), bucket);
    EXPECT_EQ(bucket_of(bounds_of(bucket).end - 1), bucket);
  }
}

TEST(Histogram, BeginsAndEndsWhereItSays) {
  EXPECT_EQ(bucket_of(0), 0u);
  EXPECT_EQ(bucket_of(63), 0u);
  EXPECT_EQ(bucket_of(64), 1u);
  EXPECT_EQ(bucket_of((std::uint64_t{1} << 47) - 1), kTimeBuckets - 2);
  EXPECT_EQ(bucket_of(std::uint64_t{1} << 47), kTimeBuckets - 1);
  EXPECT_EQ(bucket_of(UINT64_MAX), kTimeBuckets - 1);
}

TEST(Histogram, AMiddleIsAtMostSevenPercentOff) {
  std::mt19937_64 random(7);
  for (unsigned octave = kTimeFirstBit; octave < kTimeBeyondBit; ++octave) {
    const std::uint64_t low = std::uint64_t{1} << octave;
    std::uniform_int_distribution<std::uint64_t> within(low, 2 * low - 1);
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t ns = i == 0 ? low : i == 1 ? 2 * low - 1 : within(random);
      const auto reported = static_cast<double>(middle_of(bucket_of(ns)));
      ASSERT_NEAR(reported, static_cast<double>(ns), 0.07 * static_cast<double>(ns)) << ns;
    }
  }
}

TEST(Histogram, OneTimeIsReportedAsItself) {
  for (const std::uint64_t ns :
       {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{135'000'000}, std::uint64_t{1} << 50}) {
    TimeCounts times{};
    times.add(ns);
    EXPECT_EQ(times.max_ns, ns);
    EXPECT_EQ(times.sum_ns, ns);
    EXPECT_LE(times.quantile(990), ns) << "never above the greatest";
    EXPECT_GE(static_cast<double>(times.quantile(500)), 0.93 * static_cast<double>(ns));
  }
}

TEST(Histogram, QuantilesNameTheRightTime) {
  TimeCounts times{};
  EXPECT_EQ(times.quantile(990), 0u) << "of nothing";
  times.add(1'000'000);
  for (int i = 0; i < 9; ++i) times.add(300'000'000);
  EXPECT_EQ(times.count(), 10u);
  EXPECT_EQ(times.sum_ns, 2'701'000'000u);
  EXPECT_NEAR(static_cast<double>(times.quantile(100)), 1e6, 7e4);
  for (const unsigned share : {101U, 500U, 900U, 990U, 1000U})
    EXPECT_NEAR(static_cast<double>(times.quantile(share)), 3e8, 2.1e7) << share;
}

TEST(Histogram, SumsOfTwoAreTheirSum) {
  TimeCounts a{}, b{}, both{};
  for (const std::uint64_t ns : {std::uint64_t{70}, std::uint64_t{70'000}}) a.add(ns), both.add(ns);
  for (const std::uint64_t ns : {std::uint64_t{71}, std::uint64_t{1} << 48}) b.add(ns), both.add(ns);
  a.add(b);
  EXPECT_EQ(a.sum_ns, both.sum_ns);
  EXPECT_EQ(a.max_ns, both.max_ns);
  EXPECT_EQ(a.buckets, both.buckets);
}

}  // namespace
}  // namespace ringmaster::shm
