#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/daemon/core/pool/simulated_pool.h"

// What PoolPlan, RestartPolicy and Scaling do together.
namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using testing::SimulatedPool;
using Ways = SimulatedPool::Ways;

bool never(TimePoint) { return false; }

TEST(PoolLife, PausesAreAsLongWhereThereAreMoreSeatsThanWorkers) {
  const auto starts_of = [](WorkerRange range, unsigned spares, unsigned jobs) {
    SimulatedPool pool({.range = range, .spares = spares, .starts = never});
    pool.submit(jobs);
    pool.pass(1min);
    EXPECT_EQ(pool.wanted(), range.min);
    return pool.starts;
  };
  for (const unsigned jobs : {0U, 100U}) {
    for (const unsigned spares : {0U, 1U}) {
      for (const unsigned least : {1U, 4U}) {
        EXPECT_EQ(starts_of({least, 9}, spares, jobs), starts_of({least, least}, spares, 0)) << least << " " << spares;
      }
    }
  }
  SimulatedPool one({.range = {1, 9}, .starts = never});
  one.pass(60s);
  EXPECT_LT(one.starts.size(), 15U);
  EXPECT_FALSE(one.quarantined()) << "its pauses are long enough";
}

/// Which way a pool loses its workers while it works.
struct Loss {
  const char* name;
  std::uint64_t max_jobs;
  bool crashes;
};

TEST(PoolLife, GrowsToWhatItNeedsThoughWorkersComeAndGo) {
  for (const Loss loss :
       {Loss{"none", 0, false}, {"one job each", 1, false}, {"five", 5, false}, {"crashes", 0, true}}) {
    for (const unsigned spares : {0U, 1U, 2U}) {
      for (const Duration start : {20ms, 300ms}) {
        SimulatedPool pool(
            {.range = {1, 6}, .spares = spares, .start = start, .max_jobs = loss.max_jobs, .crashes = loss.crashes});
        pool.pass(2 * start);
        pool.submit(300);
        EXPECT_TRUE(pool.pass_until(20 * start + 200ms, [&] { return pool.wanted() == 6; }))
            << loss.name << ", spares " << spares << ", start " << to_string(start) << ": " << pool.wanted();
        EXPECT_TRUE(pool.pass_until(10min, [&] { return pool.done(); }));
        EXPECT_TRUE(std::ranges::is_sorted(pool.were_wanted)) << "it grew, and no more";
        EXPECT_FALSE(pool.quarantined());
        EXPECT_EQ(pool.stops.size(), 0U);
        const auto grown = static_cast<std::ptrdiff_t>(pool.were_wanted.size());
        pool.pass(31s);
        EXPECT_EQ(pool.wanted(), 1U) << "when all is done";
        EXPECT_TRUE(std::ranges::is_sorted(pool.were_wanted.begin() + grown, pool.were_wanted.end(), std::greater{}));
      }
    }
  }
}

TEST(PoolLife, StaysAsItIsUnderASteadyLoad) {
  for (const std::uint64_t max_jobs : {0U, 7U}) {
    SimulatedPool pool({.range = {1, 8}, .idle_timeout = 5s, .start = 100ms, .job = 200ms, .max_jobs = max_jobs});
    const auto half_a_minute = [&pool] {
      for (int i = 0; i < 30 * 4; ++i) {  // what three can do in four fifths of the time
        pool.submit(3);
        pool.pass(250ms);
      }
    };
    half_a_minute();
    const auto changes = pool.were_wanted.size();
    half_a_minute();
    EXPECT_EQ(pool.were_wanted.size(), changes) << "it has found its size";
    EXPECT_LE(pool.wanted(), 5U);
  }
}

TEST(PoolLife, GrowsOnlyOnceWhenWorkersCannotStartAnyMore) {
  bool starts = true;
  SimulatedPool pool({.range = {1, 32}, .crashes = true, .starts = [&](TimePoint) { return starts; }});
  pool.pass(1s);
  starts = false;
  pool.submit(1000);
  pool.pass(1min);
  EXPECT_LE(pool.wanted(), 2U);
}

TEST(PoolLife, QuarantineEndsWhereAllThatAreWantedAreProven) {
  for (const unsigned spares : {0U, 1U}) {
    bool starts = true;
    RestartConfig restart;
    restart.budget = 3;
    SimulatedPool pool({.range = {1, 4},
                        .spares = spares,
                        .idle_timeout = 5s,
                        .restart = restart,
                        .job = 400ms,
                        .starts = [&](TimePoint) { return starts; }});
    pool.pass(20s);
    starts = false;
    pool.submit(30);
    ASSERT_TRUE(pool.pass_until(1min, [&] { return pool.quarantined(); }));
    EXPECT_TRUE(pool.pass_until(1min, [&] { return pool.done(); })) << "by the worker that was there";
    if (spares != 0) starts = true;
    EXPECT_TRUE(pool.pass_until(2min, [&] { return !pool.quarantined(); })) << "it wants one, which works";
    starts = true;
    pool.submit(30);
    EXPECT_TRUE(pool.pass_until(1min, [&] { return pool.wanted() == 4; }));
  }
}

TEST(PoolLife, AResizeLetsNoBusyWorkerGoAtOnce) {
  SimulatedPool pool({.range = {4, 4}, .job = 400ms});
  for (int i = 0; i < 10; ++i) {
    pool.submit(40);
    pool.pass(4s);
  }
  const TimePoint resized = pool.now;
  pool.resize({1, 4});
  pool.pass(29s);
  EXPECT_EQ(pool.stops.size(), 0U);
  EXPECT_EQ(pool.wanted(), 4U);
  pool.pass(2s);
  EXPECT_EQ(pool.stops.size(), 3U);
  EXPECT_GE(pool.stops.front(), resized + 30s);
  EXPECT_EQ(pool.wanted(), 1U);
}

}  // namespace
}  // namespace ringmaster::core
