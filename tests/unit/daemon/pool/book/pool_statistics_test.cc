#include "daemon/pool/book/pool_statistics.h"

#include <gtest/gtest.h>

#include <memory>

namespace ringmaster::daemon {
namespace {

constexpr core::TimePoint kNow{std::chrono::hours{1}};

class PoolStatisticsTest : public ::testing::Test {
 protected:
  std::unique_ptr<shm::LedgerPool> record = std::make_unique<shm::LedgerPool>();
  PoolStatistics statistics{*record, 2};
  shm::LedgerTally tally{};

  [[nodiscard]] PoolFigures figures() const { return statistics.figures(kNow, tally, statistics.gauge()); }
};

TEST_F(PoolStatisticsTest, EachCountIsShownUnderItsName) {
  tally.done = 1;
  tally.failed = 2;
  tally.crashed = 3;
  tally.timed_out = 4;
  tally.cancelled = 5;
  tally.lost = 6;
  tally.refused = 7;
  tally.starts = 8;
  tally.deaths = 9;
  tally.kills = 10;
  tally.retries = 11;
  tally.missed_wakes = 12;
  tally.waited = 13;
  tally.queue_full = 14;
  tally.left_ended = 15;
  tally.left_kept = 16;
  tally.left_reaped = 17;
  tally.empty_rings = 18;
  const CountsView counts = figures().counts;
  EXPECT_EQ(counts.done, 1U);
  EXPECT_EQ(counts.failed, 2U);
  EXPECT_EQ(counts.crashed, 3U);
  EXPECT_EQ(counts.timed_out, 4U);
  EXPECT_EQ(counts.cancelled, 5U);
  EXPECT_EQ(counts.lost, 6U);
  EXPECT_EQ(counts.refused, 7U);
  EXPECT_EQ(counts.worker_starts, 8U);
  EXPECT_EQ(counts.worker_deaths, 9U);
  EXPECT_EQ(counts.worker_kills, 10U);
  EXPECT_EQ(counts.retries, 11U);
  EXPECT_EQ(counts.missed_wakes, 12U);
  EXPECT_EQ(counts.waited, 13U);
  EXPECT_EQ(counts.queue_full, 14U);
  EXPECT_EQ(counts.leftovers_ended, 15U);
  EXPECT_EQ(counts.leftovers_kept, 16U);
  EXPECT_EQ(counts.leftovers_reaped, 17U);
  EXPECT_EQ(counts.empty_rings, 18U);
}

TEST_F(PoolStatisticsTest, TimesThatNobodyCountedAreAllNull) {
  tally.run.add(1000);
  tally.run.add(3000);
  const PoolFigures shown = figures();
  EXPECT_EQ(shown.run_time.count, 2U);
  EXPECT_EQ(shown.run_time.max_ns, 3000U);
  EXPECT_EQ(shown.run_time.sum_ns, 4000U);
  EXPECT_EQ(shown.run_time.mean_ns, 2000U);
  EXPECT_EQ(shown.run_time.window, core::Duration::zero()) << "of the daemon's life";
  EXPECT_EQ(shown.queue_time.count, 0U);
  EXPECT_EQ(shown.queue_time.mean_ns, 0U);
}

TEST_F(PoolStatisticsTest, RatesAreOfThreeWindowsAndOfWhatIsKnown) {
  EXPECT_EQ(figures().rates.size(), 3U);
  EXPECT_EQ(figures().rates[0].window, core::Duration::zero());
  statistics.note(kNow - std::chrono::seconds{1}, tally, false);
  tally.done = 5;
  tally.refused = 2;
  const RatesView last_second = figures().rates[0];
  EXPECT_EQ(last_second.window, std::chrono::seconds{1});
  EXPECT_EQ(last_second.done, 5.0);
  EXPECT_EQ(last_second.refused, 2.0);
  EXPECT_EQ(last_second.lost, 0.0);
}

TEST_F(PoolStatisticsTest, TheFullestQueueIsKeptForSuccessors) {
  core::QueueGauge gauge = statistics.gauge();
  gauge.begin(kNow - std::chrono::seconds{2});
  gauge.session(7);
  gauge.end();
  gauge.begin(kNow);
  gauge.session(7);
  gauge.waits(kNow - std::chrono::seconds{2});
  gauge.end();
  statistics.queue_seen(gauge);
  EXPECT_EQ(statistics.figures(kNow, tally, gauge).oldest_queued, std::chrono::seconds{2});
  EXPECT_EQ(PoolStatistics(*record, 2).figures(kNow, tally, {}).queue_highest, 1U);
}

}  // namespace
}  // namespace ringmaster::daemon
