#include "client/cli/pool_figures.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ringmaster::cli {
namespace {

void fill(control::v1::Quantiles& times, std::uint64_t ns, std::uint64_t window_ms) {
  times.set_count(2'400'123);
  times.set_p50_ns(ns);
  times.set_p90_ns(ns * 2);
  times.set_p99_ns(ns * 3);
  times.set_max_ns(ns * 3);
  times.set_mean_ns(ns + ns / 10);
  times.set_window_ms(window_ms);
}

control::v1::PoolStatus busy_pool() {
  control::v1::PoolStatus pool;
  pool.set_queued(12);
  pool.set_queue_highest(57);
  pool.set_oldest_queued_ms(340);
  pool.mutable_counters()->set_done(1'100);
  pool.mutable_counters()->set_timed_out(100);
  pool.mutable_counters()->set_waited(84);
  pool.mutable_counters()->set_queue_full(5);
  pool.mutable_counters()->set_worker_starts(4);
  for (const std::uint64_t window : {1'000U, 10'000U, 60'000U}) {
    auto& rates = *pool.add_rates();
    rates.set_window_ms(window);
    rates.set_done(412.2);
    rates.set_timed_out(7.25);
    rates.set_waited(0.04);
  }
  fill(*pool.mutable_queue_time(), 104'000, 0);
  fill(*pool.mutable_run_time(), 135'200'000, 0);
  fill(*pool.mutable_queue_time_minute(), 1'400'000, 61'200);
  fill(*pool.mutable_run_time_minute(), 12'000'000, 61'200);
  return pool;
}

TEST(PoolFigures, ShowWhatABusyPoolDoes) {
  EXPECT_EQ(pool_figures(busy_pool()),
            "  queue: 12 now, the oldest for 340 ms; 57 at most\n"
            "  jobs: 1100 done, 100 timed out\n"
            "  saturation: 84 jobs waited for a free worker (7.0 %), 5 refused, queue full\n"
            "  workers: 4 started\n"
            "  JOBS A SECOND        DONE  NOT DONE   WAITED\n"
            "  last 1 s              412       7.2     0.04\n"
            "  last 10 s             412       7.2     0.04\n"
            "  last 1 min            412       7.2     0.04\n"
            "  TIME                   P50       P90       P99       MAX      MEAN     COUNT\n"
            "  queued 1 min      ~1.40 ms  ~2.80 ms  ~4.20 ms  ~4.20 ms   1.54 ms   2400123\n"
            "  run 1 min         ~12.0 ms  ~24.0 ms  ~36.0 ms  ~36.0 ms   13.2 ms   2400123\n"
            "  queued, ever       ~104 us   ~208 us    312 us    312 us    114 us   2400123\n"
            "  run, ever          ~135 ms   ~270 ms    406 ms    406 ms    149 ms   2400123\n");
}

TEST(PoolFigures, FitATerminal) {
  std::istringstream lines(pool_figures(busy_pool()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(PoolFigures, SayNothingOfWhatThereIsNot) {
  control::v1::PoolStatus pool;
  pool.mutable_counters()->set_worker_starts(2);
  EXPECT_EQ(pool_figures(pool), "  jobs: 0 done\n  workers: 2 started\n");
}

TEST(PoolFigures, AYoungSupervisorSaysSinceWhen) {
  control::v1::PoolStatus pool = busy_pool();
  for (auto& rates : *pool.mutable_rates()) rates.set_window_ms(std::min<std::uint64_t>(rates.window_ms(), 1'062));
  EXPECT_NE(pool_figures(pool).find("last 1.1 s "), std::string::npos) << "not the same second twice";
  for (auto& rates : *pool.mutable_rates()) rates.set_window_ms(rates.window_ms() == 1'000 ? 1'000 : 4'000);
  pool.mutable_queue_time_minute()->set_window_ms(4'000);
  const std::string text = pool_figures(pool);
  EXPECT_NE(text.find("last 1 s "), std::string::npos) << text;
  EXPECT_NE(text.find("last 4 s "), std::string::npos) << text;
  EXPECT_EQ(text.find("1 min"), std::string::npos) << text;
  EXPECT_NE(text.find("queued 4 s"), std::string::npos) << text;
}

TEST(PoolFigures, TimesHaveThreeDigits) {
  EXPECT_EQ(show_time(0), "0.00 us");
  EXPECT_EQ(show_time(1'050'000), "1.05 ms");
  EXPECT_EQ(show_time(135'000'000), "135 ms");
  EXPECT_EQ(show_time(999'600), "1.00 ms");
  EXPECT_EQ(show_time(12'345'000'000), "12.3 s");
  EXPECT_EQ(show_time(7'200'000'000'000), "2.00 h");
}

TEST(PoolFigures, RatesAreAsPreciseAsTheyAreLarge) {
  EXPECT_EQ(show_rate(0), "0");
  EXPECT_EQ(show_rate(0.0401), "0.04");
  EXPECT_EQ(show_rate(7.26), "7.3");
  EXPECT_EQ(show_rate(412.4), "412");
}

}  // namespace
}  // namespace ringmaster::cli
