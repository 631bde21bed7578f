#include "worker/process/leftovers.h"

#include <gtest/gtest.h>

namespace ringmaster::worker {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kBegin = 100 * kSecond;
constexpr ChildProcess kSleeper{50, 7000, false};
constexpr ChildProcess kZombie{50, 7000, true};

JobSpan job(std::uint64_t id) {
  JobSpan span;
  span.add(id, false);
  return span;
}

TEST(Leftovers, WhatWasThereBeforeTheFirstJobIsNeverTouched) {
  Leftovers left;
  left.keep(std::vector{kSleeper});
  for (const auto& child : {kSleeper, kZombie, kZombie}) {
    const auto actions = left.look(kBegin, std::vector{child}, job(1), false);
    EXPECT_TRUE(actions.end.empty() && actions.kept.empty() && actions.reap.empty());
    EXPECT_EQ(actions.left, 0U);
    EXPECT_FALSE(actions.next_ns) << "nothing periodic for it";
  }
}

TEST(Leftovers, ALivingProcessIsEndedASecondLaterAndNamesItsJob) {
  Leftovers left;
  auto actions = left.look(kBegin, std::vector{kSleeper}, job(17), false);
  EXPECT_TRUE(actions.end.empty());
  EXPECT_EQ(actions.left, 1U);
  EXPECT_EQ(actions.next_ns, kBegin + Leftovers::kSettleNs);
  actions = left.look(kBegin + Leftovers::kSettleNs, std::vector{kSleeper}, {}, false);
  EXPECT_EQ(actions.next_ns, kBegin + 2 * Leftovers::kSettleNs);
  actions = left.look(kBegin + kSecond * 3 / 4, std::vector{kSleeper}, {}, false);
  EXPECT_EQ(actions.next_ns, kBegin + kSecond);
  // Other jobs have ended meanwhile: it is still the first one's.
  actions = left.look(kBegin + kSecond, std::vector{kSleeper}, job(18), false);
  ASSERT_EQ(actions.end.size(), 1U);
  EXPECT_EQ(actions.end[0].process, kSleeper);
  EXPECT_EQ(actions.end[0].jobs, job(17));
  EXPECT_TRUE(actions.reap.empty());
}

TEST(Leftovers, WhatDoesNotDieIsKilledAgainAndReportedOnce) {
  Leftovers left;
  (void)left.look(kBegin, std::vector{kSleeper}, job(1), false);
  EXPECT_EQ(left.look(kBegin + kSecond, std::vector{kSleeper}, {}, false).end.size(), 1U);
  const auto later = left.look(kBegin + 2 * kSecond, std::vector{kSleeper}, {}, false);
  EXPECT_TRUE(later.end.empty());
  EXPECT_EQ(later.again, std::vector<pid_t>{50});
  EXPECT_TRUE(later.next_ns);
}

TEST(Leftovers, AStatusIsTakenOnlyAfterTwoLooksASecondApart) {
  Leftovers left;
  EXPECT_TRUE(left.look(kBegin, std::vector{kZombie}, job(1), false).reap.empty());
  const auto early = left.look(kBegin + kSecond - 1, std::vector{kZombie}, job(2), false);
  EXPECT_TRUE(early.reap.empty());
  EXPECT_EQ(early.next_ns, kBegin + kSecond);
  const auto due = left.look(kBegin + kSecond, std::vector{kZombie}, job(3), false);
  ASSERT_EQ(due.reap.size(), 1U);
  EXPECT_EQ(due.reap[0].jobs, job(1));
  EXPECT_EQ(due.left, 0U);
  EXPECT_FALSE(due.next_ns);
}

TEST(Leftovers, TheSecondCountsFromTheLookThatFoundItDead) {
  Leftovers left;
  (void)left.look(kBegin, std::vector{kSleeper}, job(1), false);
  EXPECT_TRUE(left.look(kBegin + kSecond, std::vector{kZombie}, {}, false).reap.empty());
  EXPECT_EQ(left.look(kBegin + 2 * kSecond, std::vector{kZombie}, {}, false).reap.size(), 1U);
}

TEST(Leftovers, WhoWaitedForItInTimeFindsItGone) {
  Leftovers left;
  (void)left.look(kBegin, std::vector{kZombie}, job(1), false);
  EXPECT_TRUE(left.look(kBegin + kSecond, {}, {}, false).reap.empty());
  // The number's next user begins anew.
  const ChildProcess next{50, 9000, true};
  EXPECT_TRUE(left.look(kBegin + 2 * kSecond, std::vector{next}, job(2), false).reap.empty());
}

TEST(Leftovers, KeptOnesAreReportedOnceAndBuriedWhenTheyEnd) {
  Leftovers left;
  (void)left.look(kBegin, std::vector{kSleeper}, job(5), true);
  const auto due = left.look(kBegin + kSecond, std::vector{kSleeper}, {}, true);
  ASSERT_EQ(due.kept.size(), 1U);
  EXPECT_TRUE(due.end.empty());
  EXPECT_EQ(due.next_ns, kBegin + kSecond + Leftovers::kLivingNs);
  EXPECT_TRUE(left.look(kBegin + 20 * kSecond, std::vector{kSleeper}, job(6), true).kept.empty());
  (void)left.look(kBegin + 30 * kSecond, std::vector{kZombie}, {}, true);
  EXPECT_EQ(left.look(kBegin + 31 * kSecond, std::vector{kZombie}, {}, true).reap.size(), 1U);
}

TEST(Leftovers, DeclaredHelpersStayWhetherOrNotTheyWereSeenBefore) {
  Leftovers left;
  left.declare(50, 7000);
  EXPECT_EQ(left.look(kBegin, std::vector{kSleeper}, job(1), false).left, 0U);
  const ChildProcess other{51, 7001, false};
  EXPECT_EQ(left.look(kBegin + 1, std::vector{kSleeper, other}, job(2), false).left, 1U);
  left.declare(51, 7001);
  const auto later = left.look(kBegin + 5 * kSecond, std::vector{kSleeper, other}, job(3), false);
  EXPECT_TRUE(later.end.empty());
  EXPECT_EQ(later.left, 0U);
}

TEST(Leftovers, ADeclaredNumbersSecondUserIsNoHelper) {
  Leftovers left;
  left.declare(50, 6999);
  EXPECT_EQ(left.look(kBegin, std::vector{kSleeper}, job(1), false).left, 1U);
}

TEST(Leftovers, HelpersThatWereNeverSeenMakeRoomForLaterOnes) {
  Leftovers left;
  for (pid_t pid = 1000; pid < 1000 + 2 * static_cast<pid_t>(Leftovers::kMaxDeclared); ++pid) {
    left.declare(pid, static_cast<std::uint64_t>(pid));
  }
  left.declare(50, 7000);
  EXPECT_EQ(left.look(kBegin, std::vector{kSleeper}, job(1), false).left, 0U);
}

TEST(Leftovers, AHandlerThatStartsHelpersKeepsWhatItsJobsStart) {
  Leftovers left;
  JobSpan span = job(1);
  span.add(2, true);
  EXPECT_EQ(span.count, 2U);
  EXPECT_EQ(left.look(kBegin, std::vector{kSleeper}, span, false).left, 0U);
  EXPECT_EQ(left.look(kBegin + 5 * kSecond, std::vector{kSleeper}, job(3), false).left, 0U);
}

}  // namespace
}  // namespace ringmaster::worker
