#include "daemon/core/worker/run_watcher.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using L = KillLadder;

constexpr TimePoint kNow{1h};
constexpr shm::Intent kJob{3, 0, 5};
constexpr shm::Intent kNext{3, 0, 6};
constexpr RunWatcher::Limits kLimits{1s, 10s};

RunWatcher::Sight runs(std::optional<shm::Intent> intent, TimePoint since = kNow) {
  RunWatcher::Sight sight;
  sight.intent = intent;
  sight.stamp = since;
  sight.ladder.grace = 200ms;
  return sight;
}

template <typename Event>
bool is(const std::optional<L::Event>& event) {
  return event && std::holds_alternative<Event>(*event);
}

TEST(RunWatcher, ARunThatIsTooLongReachesItsDeadline) {
  RunWatcher watcher;
  EXPECT_TRUE(watcher.look(kNow, runs(kJob), kLimits).changed);
  EXPECT_EQ(watcher.next_deadline(), kNow + 1s);
  const auto before = watcher.look(kNow + 999ms, runs(kJob), kLimits);
  EXPECT_FALSE(before.changed);
  EXPECT_FALSE(before.event);
  EXPECT_TRUE(is<L::DeadlineReached>(watcher.look(kNow + 1s, runs(kJob), kLimits).event));
  ASSERT_TRUE(watcher.ladder());
  EXPECT_EQ(watcher.ladder()->intent(), kJob);
  (void)watcher.handle(kNow + 1s, L::DeadlineReached{});
  watcher.settle();
  EXPECT_FALSE(watcher.look(kNow + 2s, runs(kJob), kLimits).event) << "one ladder at a time";
}

TEST(RunWatcher, AJobsOwnLimitCountsUpToTheLongest) {
  for (const auto& [own, limit] : {std::pair<Duration, Duration>{300ms, 300ms}, {5s, 5s}, {1h, 10s}, {0s, 1s}}) {
    RunWatcher watcher;
    RunWatcher::Sight sight = runs(kJob);
    sight.own_limit = own;
    (void)watcher.look(kNow, sight, kLimits);
    EXPECT_EQ(watcher.next_deadline(), kNow + limit);
  }
}

TEST(RunWatcher, ALimitThatTheWorkerSaysLaterCountsFromTheStart) {
  RunWatcher watcher;
  (void)watcher.look(kNow, runs(kJob), kLimits);
  RunWatcher::Sight sight = runs(kJob);
  sight.own_limit = 300ms;
  (void)watcher.look(kNow + 5ms, sight, kLimits);
  EXPECT_EQ(watcher.next_deadline(), kNow + 300ms);
}

TEST(RunWatcher, ACancelThatTheHandlerDoesNotHearIsToldAndForgotten) {
  RunWatcher watcher;
  RunWatcher::Sight sight = runs(kJob);
  sight.cancel_wanted = true;
  EXPECT_TRUE(is<L::CancelRequested>(watcher.look(kNow, sight, kLimits).event));
  EXPECT_EQ(watcher.handle(kNow, L::CancelRequested{}), std::vector<L::Effect>{L::SetCancelWord{}});
  watcher.settle();
  EXPECT_FALSE(watcher.ladder());
  EXPECT_EQ(watcher.next_deadline(), kNow + 1s) << "its deadline stands";
}

TEST(RunWatcher, AJobThatEndsInItsGraceLeavesNothingBehind) {
  RunWatcher watcher;
  RunWatcher::Sight sight = runs(kJob);
  sight.cancel_wanted = sight.ladder.listens = true;
  (void)watcher.look(kNow, sight, kLimits);
  (void)watcher.handle(kNow, L::CancelRequested{});
  watcher.settle();
  ASSERT_TRUE(watcher.ladder());
  const auto found = watcher.look(kNow + 10ms, runs(kNext, kNow + 9ms), kLimits);
  EXPECT_TRUE(found.changed);
  EXPECT_FALSE(watcher.ladder());
  EXPECT_EQ(watcher.next_deadline(), kNow + 1009ms) << "of the next job";
}

TEST(RunWatcher, ALateLookTakesNothingFromAnybody) {
  RunWatcher watcher;
  (void)watcher.look(kNow, runs(kJob), kLimits);
  watcher.extend(kNow + 2s, 1500ms);
  EXPECT_FALSE(watcher.look(kNow + 2s, runs(kJob), kLimits).event);
  EXPECT_EQ(watcher.next_deadline(), kNow + 2500ms);
}

TEST(RunWatcher, ASuccessorGoesOnWithTheRunAndItsVerdict) {
  RunWatcher watcher;
  watcher.restore(kNow - 400ms, kNow, runs(kJob), kLimits);
  EXPECT_EQ(watcher.next_deadline(), kNow + 600ms);
  const auto event = watcher.resume(kNow, {kJob, Cause::RunTimeout}, runs(kJob).ladder, false);
  EXPECT_EQ(watcher.handle(kNow, event), (std::vector<L::Effect>{L::SetHold{}, L::CondemnSlot{}}));
}

TEST(RunWatcher, AnIdleWorkerHasNoDeadline) {
  RunWatcher watcher;
  (void)watcher.look(kNow, runs(kJob), kLimits);
  const auto found = watcher.look(kNow + 1ms, runs(std::nullopt), kLimits);
  EXPECT_TRUE(found.changed);
  EXPECT_FALSE(watcher.running());
  EXPECT_EQ(watcher.next_deadline(), std::nullopt);
  EXPECT_TRUE(watcher.handle(kNow, L::TimerFired{}).empty()) << "there is no ladder";
}

TEST(RunWatcher, AFaultHasALadderOfItsOwnWhereNoneIsUnderWay) {
  RunWatcher watcher;
  watcher.begin(kJob, {});
  EXPECT_EQ(watcher.handle(kNow, L::FaultSaid{}), (std::vector<L::Effect>{L::SpareTakesOver{}, L::CaptureStack{}}));
  EXPECT_TRUE(watcher.ladder_due(kNow + 1s));
  watcher.begin(kNext, {});
  EXPECT_EQ(watcher.ladder()->intent(), kJob) << "one ladder at a time";
}

}  // namespace
}  // namespace ringmaster::core
