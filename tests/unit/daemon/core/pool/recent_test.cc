#include "daemon/core/pool/recent.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

JobCounts done(std::uint64_t count) {
  JobCounts counts{};
  counts[static_cast<std::size_t>(JobCount::Done)] = count;
  return counts;
}
double done_rate(const JobRates& rates) { return rates.per_second[static_cast<std::size_t>(JobCount::Done)]; }

// A pool that ends `per_second` jobs of `run_ns` each, looked at every 100 ms.
struct Steady {
  Recent recent;
  TimePoint now = kStart;
  std::uint64_t count = 0;
  shm::TimeCounts run{};

  void look(bool slept = false) { recent.note(now, done(count), {}, run, slept); }
  void work(Duration time, std::uint64_t per_second, std::uint64_t run_ns = 1'000'000) {
    for (Duration past{}; past < time; past += 100ms) {
      now += 100ms;
      for (std::uint64_t i = 0; i < per_second / 10; ++i) ++count, run.add(run_ns);
      look();
    }
  }
  [[nodiscard]] JobRates rates(Duration window) const { return recent.rates(now, done(count), window); }
};

TEST(Recent, KnowsNothingBeforeTheFirstNote) {
  const Recent recent;
  EXPECT_EQ(recent.rates(kStart, done(5), 1s).window, 0s);
  EXPECT_EQ(recent.last_minute(kStart, {}, {}).window, 0s);
  EXPECT_TRUE(recent.due(kStart));
}

TEST(Recent, RatesAreOfTheWindowThatWasAskedFor) {
  Steady pool;
  pool.look();
  pool.work(60s, 100);
  pool.work(10s, 500);
  EXPECT_NEAR(done_rate(pool.rates(1s)), 500, 1);
  EXPECT_NEAR(done_rate(pool.rates(10s)), 500, 1);
  EXPECT_NEAR(done_rate(pool.rates(60s)), (50 * 100 + 10 * 500) / 60.0, 1);
  EXPECT_EQ(pool.rates(60s).window, 60s);
}

TEST(Recent, AShortLifeHasAShortWindow) {
  Steady pool;
  pool.count = 1'000'000;  // of predecessors
  pool.look();
  pool.work(4s, 50);
  EXPECT_EQ(pool.rates(60s).window, 4s);
  EXPECT_NEAR(done_rate(pool.rates(60s)), 50, 1);
}

TEST(Recent, WhatAPoolDoesAfterASleepIsNotSpreadOverTheSleep) {
  Steady pool;
  pool.look();
  pool.work(5s, 100);
  pool.now += 300s;
  EXPECT_NEAR(done_rate(pool.rates(1s)), 0, 1e-9) << "nobody looked, and nothing happened";
  pool.count += 20;  // done between the wake-up and the look that it caused
  pool.look(true);
  EXPECT_NEAR(done_rate(pool.rates(1s)), 20, 1e-9);
  EXPECT_NEAR(done_rate(pool.rates(60s)), 20 / 60.0, 1e-9);
}

TEST(Recent, TheLastMinuteForgetsWhatWasBefore) {
  Steady pool;
  pool.look();
  pool.work(120s, 10, 1'000'000'000);
  pool.work(70s, 10, 1'000'000);
  const RecentTimes recent = pool.recent.last_minute(pool.now, {}, pool.run);
  EXPECT_GE(recent.window, 60s);
  EXPECT_LE(recent.window, 66s);
  EXPECT_NEAR(static_cast<double>(recent.run.count()), 10.0 * std::chrono::duration<double>(recent.window).count(), 1);
  EXPECT_NEAR(static_cast<double>(recent.run.max_ns), 1e6, 7e4);
  EXPECT_NEAR(static_cast<double>(recent.run.quantile(990)), 1e6, 7e4);
  EXPECT_EQ(recent.run.sum_ns, recent.run.count() * 1'000'000);
  EXPECT_EQ(pool.run.max_ns, 1'000'000'000U) << "of its whole life";
}

TEST(Recent, TheLastMinuteOfASleeperIsEmpty) {
  Steady pool;
  pool.look();
  pool.work(10s, 10);
  pool.now += 600s;
  const RecentTimes recent = pool.recent.last_minute(pool.now, {}, pool.run);
  EXPECT_EQ(recent.run.count(), 0U);
  EXPECT_EQ(recent.run.max_ns, 0U);
  EXPECT_EQ(recent.window, 60s);
}

TEST(Recent, IsNotWorthANoteTooSoon) {
  Steady pool;
  pool.look();
  EXPECT_FALSE(pool.recent.due(kStart + 100ms));
  EXPECT_TRUE(pool.recent.due(kStart + Recent::kSpacing));
}

TEST(Trail, IsBoundedHoweverOftenItIsFed) {
  Trail<int> trail(250ms, 60s);
  std::size_t most = 0;
  for (int i = 0; i < 200'000; ++i) {
    trail.note(kStart + i * 7ms, i, i % 3 == 0);
    most = std::max(most, trail.points().size());
  }
  EXPECT_LE(most, 2U * 240 + 4);
  EXPECT_EQ(trail.points().back().value, 199'999) << "the latest is always there";
}

TEST(CpuMeter, TellsTheShareOfTheLastTenSeconds) {
  CpuMeter meter;
  Duration used{};
  for (int second = 0; second < 30; ++second) {
    meter.note(kStart + second * 1s, used);
    used += second < 20 ? 1000ms : 250ms;
  }
  const auto use = meter.use(kStart + 30s, used, kStart);
  EXPECT_NEAR(use.percent, 25, 0.01);
  EXPECT_EQ(use.window, 10s);
}

TEST(CpuMeter, OfAYoungProcessItTellsTheShareOfItsLife) {
  CpuMeter meter;
  const auto use = meter.use(kStart + 4s, 2s, kStart);
  EXPECT_NEAR(use.percent, 50, 0.01);
  EXPECT_EQ(use.window, 4s);
  EXPECT_EQ(meter.use(kStart, 0s, kStart).percent, 0);
}

}  // namespace
}  // namespace ringmaster::core
