#include "daemon/core/pool/queue_gauge.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1000s};

TEST(QueueGauge, CountsWhatWaitsAndTellsTheOldest) {
  QueueGauge gauge;
  gauge.begin(kNow);
  gauge.session(1);
  gauge.session(2);
  gauge.end();
  EXPECT_EQ(gauge.queued(), 0U);
  EXPECT_EQ(gauge.oldest(), 0s);
  gauge.begin(kNow + 10s);
  gauge.session(1);
  gauge.waits(kNow + 9s);
  gauge.session(2);
  gauge.waits(kNow + 3s);
  gauge.waits(kNow + 8s);
  gauge.end();
  EXPECT_EQ(gauge.queued(), 3U);
  EXPECT_EQ(gauge.oldest(), 7s);
  gauge.begin(kNow + 11s);
  gauge.session(1);
  gauge.session(2);
  gauge.end();
  EXPECT_EQ(gauge.queued(), 0U);
  EXPECT_EQ(gauge.oldest(), 0s);
}

TEST(QueueGauge, BelievesNoClientThatItWaitedBeforeItsQueueWasEmpty) {
  QueueGauge gauge;
  const auto look = [&](TimePoint now, std::initializer_list<TimePoint> submitted) {
    gauge.begin(now);
    gauge.session(7);
    for (const TimePoint one : submitted) gauge.waits(one);
    gauge.end();
  };
  look(kNow, {TimePoint{1s}});
  EXPECT_EQ(gauge.oldest(), 0s) << "at the first look at it";
  look(kNow + 5s, {});
  look(kNow + 6s, {TimePoint{1s}, kNow + 5500ms});
  EXPECT_EQ(gauge.oldest(), 1s);
  look(kNow + 20s, {TimePoint{1s}});
  EXPECT_EQ(gauge.oldest(), 15s);
  look(kNow + 21s, {kNow + 500s});
  EXPECT_EQ(gauge.oldest(), 0s) << "from the future";
}

TEST(QueueGauge, ForgetsSessionsThatAreGone) {
  QueueGauge gauge;
  gauge.begin(kNow);
  gauge.session(7);
  gauge.end();
  gauge.begin(kNow + 1s);
  gauge.end();
  gauge.begin(kNow + 9s);
  gauge.session(7);
  gauge.waits(kNow);
  gauge.end();
  EXPECT_EQ(gauge.oldest(), 0s) << "another one, seen for the first time";
}

}  // namespace
}  // namespace ringmaster::core
