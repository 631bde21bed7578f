#include "daemon/core/worker/run_watch.h"

#include <gtest/gtest.h>

#include <array>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using Change = RunWatch::Change;

constexpr TimePoint kNow{1000s};
constexpr shm::Intent kA{0, 0, 1};
constexpr shm::Intent kB{0, 0, 2};

RunWatch looked_at(TimePoint when) {
  RunWatch watch;
  EXPECT_EQ(watch.look(when, std::nullopt, {}), Change::Nothing);
  return watch;
}

TEST(RunWatch, BelievesAStampBetweenTheLastLookAndThisOne) {
  auto watch = looked_at(kNow);
  EXPECT_EQ(watch.look(kNow + 100ms, kA, kNow + 40ms), Change::Started);
  watch.arm(1s);
  EXPECT_EQ(watch.deadline(), kNow + 1040ms);
  EXPECT_FALSE(watch.expired(kNow + 1039ms));
  EXPECT_TRUE(watch.expired(kNow + 1040ms));
}

TEST(RunWatch, ClampsAStampThatLies) {
  auto early = looked_at(kNow);
  (void)early.look(kNow + 100ms, kA, TimePoint{});
  EXPECT_EQ(early.started(), kNow);
  auto late = looked_at(kNow);
  (void)late.look(kNow + 100ms, kA, kNow + 1h);
  EXPECT_EQ(late.started(), kNow + 100ms);
}

TEST(RunWatch, StartsARunNowWhenItNeverLookedBefore) {
  RunWatch watch;
  (void)watch.look(kNow, kA, TimePoint{});
  EXPECT_EQ(watch.started(), kNow);
}

TEST(RunWatch, SeesEveryChangeOfIntent) {
  auto watch = looked_at(kNow);
  EXPECT_EQ(watch.look(kNow + 1ms, kA, kNow), Change::Started);
  watch.arm(1s);
  EXPECT_EQ(watch.look(kNow + 2ms, kA, kNow + 2ms), Change::Nothing) << "a worker cannot rejuvenate its run";
  EXPECT_EQ(watch.deadline(), kNow + 1s);
  EXPECT_EQ(watch.look(kNow + 3ms, kB, kNow + 3ms), Change::Replaced);
  EXPECT_EQ(watch.deadline(), std::nullopt) << "not armed for the new run yet";
  EXPECT_EQ(watch.look(kNow + 4ms, std::nullopt, {}), Change::Ended);
  EXPECT_FALSE(watch.running());
}

TEST(RunWatch, ExtendsByLatenessAndNeverOverflows) {
  auto watch = looked_at(kNow);
  (void)watch.look(kNow, kA, kNow);
  watch.arm(1s);
  watch.extend(200ms);
  EXPECT_EQ(watch.deadline(), kNow + 1200ms);
  watch.extend(Duration::max());
  EXPECT_EQ(watch.deadline(), TimePoint::max());
}

TEST(RunWatch, TakesOverARunFromAPredecessor) {
  RunWatch watch;
  watch.restore(kA, kNow - 5s, kNow);
  watch.arm(10s);
  EXPECT_EQ(watch.look(kNow, kA, kNow), Change::Nothing);
  EXPECT_EQ(watch.deadline(), kNow + 5s);
}

TEST(LookSchedule, LooksEveryHalfOfTheShortestDeadlineWithinBounds) {
  EXPECT_EQ(LookSchedule::interval(100ms), 50ms);
  EXPECT_EQ(LookSchedule::interval(1ms), 5ms);
  EXPECT_EQ(LookSchedule::interval(30s), 1s);
  EXPECT_EQ(LookSchedule::interval(std::nullopt), 1s);
}

TEST(LookSchedule, DoesNotLookWhileAllAreIdle) {
  LookSchedule looks;
  looks.plan(kNow, false, 100ms);
  EXPECT_EQ(looks.next_look(), std::nullopt);
  EXPECT_EQ(looks.lateness(kNow + 1h), 0s);
  looks.wake(kNow + 1h, 100ms);
  EXPECT_EQ(looks.next_look(), kNow + 1h + 50ms);
  looks.wake(kNow + 1h + 10ms, 100ms);
  EXPECT_EQ(looks.next_look(), kNow + 1h + 50ms) << "a second wake does not push the look away";
}

TEST(LookSchedule, CountsLatenessBeyondTheTolerance) {
  LookSchedule looks;
  looks.plan(kNow, true, 100ms);
  EXPECT_EQ(looks.lateness(kNow + 50ms + LookSchedule::kTolerance), 0s);
  EXPECT_EQ(looks.lateness(kNow + 300ms), 250ms);
}

}  // namespace
}  // namespace ringmaster::core
