#include "daemon/core/pool/look_pace.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

TEST(LookPace, SleepsAfterTwoIdleLooksInARow) {
  LookPace pace;
  EXPECT_FALSE(pace.looked(kNow, false, 20ms));
  EXPECT_EQ(pace.next_look(), kNow + 10ms);
  EXPECT_FALSE(pace.looked(kNow, true, 20ms)) << "a worker may take a job in its last scan";
  EXPECT_EQ(pace.next_look(), kNow + 10ms);
  EXPECT_TRUE(pace.looked(kNow, true, 20ms));
  EXPECT_EQ(pace.next_look(), std::nullopt);
}

TEST(LookPace, WhoWasRungMayNotBeAwakeYet) {
  LookPace pace;
  (void)pace.looked(kNow, true, 20ms);
  pace.stir();
  EXPECT_FALSE(pace.looked(kNow, true, 20ms));
  EXPECT_TRUE(pace.looked(kNow, true, 20ms));
}

TEST(LookPace, WakesOneIntervalLaterAndDelaysNoLook) {
  LookPace pace;
  (void)pace.looked(kNow, true, 20ms);
  (void)pace.looked(kNow, true, 20ms);
  pace.wake(kNow + 1s, 20ms);
  EXPECT_EQ(pace.next_look(), kNow + 1s + 10ms);
  pace.wake(kNow + 1s + 5ms, 20ms);
  EXPECT_EQ(pace.next_look(), kNow + 1s + 10ms);
  EXPECT_EQ(pace.lateness(kNow + 1s + 60ms), 50ms);
  EXPECT_FALSE(pace.looked(kNow + 1s + 60ms, true, 20ms));
}

TEST(LookPace, AShorterTimeoutBringsTheNextLookForward) {
  LookPace pace;
  (void)pace.looked(kNow, false, 10s);
  EXPECT_EQ(pace.next_look(), kNow + 1s);
  pace.wake(kNow + 100ms, 20ms);
  EXPECT_EQ(pace.next_look(), kNow + 110ms);
}

TEST(LookPace, IdleAreAllWhoMayClaimAndNobodyWhoRuns) {
  const WorkerSight idle{false, true, true};
  const WorkerSight scanning{false, true, false};
  const WorkerSight running{true, false, true};
  const WorkerSight spare{false, false, false};
  EXPECT_TRUE(all_idle(std::vector{idle, idle, spare}, 2));
  EXPECT_FALSE(all_idle(std::vector{idle, scanning}, 2));
  EXPECT_FALSE(all_idle(std::vector{idle, idle, running}, 2)) << "one that leaves may still run a job";
  EXPECT_FALSE(all_idle(std::vector{idle, spare}, 2)) << "somebody is missing, and comes";
  EXPECT_TRUE(all_idle({}, 0));
}

}  // namespace
}  // namespace ringmaster::core
