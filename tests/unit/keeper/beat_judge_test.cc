#include "daemon/keeper/beat_judge.h"

#include <gtest/gtest.h>

namespace ringmaster::keeper {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(BeatJudge, CondemnsAfterTenSecondsOfSilenceSeenLookByLook) {
  BeatJudge judge;
  judge.start(5 * kSecond);
  for (std::uint64_t second = 1; second <= 9; ++second) {
    judge.look((5 + second) * kSecond);
    EXPECT_FALSE(judge.too_silent()) << second;
  }
  judge.look(15 * kSecond);
  EXPECT_TRUE(judge.too_silent());
}

TEST(BeatJudge, ABeatEndsTheSilence) {
  BeatJudge judge;
  judge.start(0);
  for (std::uint64_t second = 1; second <= 100; ++second) {
    judge.look(second * kSecond);
    if (second % 9 == 0) judge.beat(second * kSecond);
    EXPECT_FALSE(judge.too_silent()) << second;
  }
}

TEST(BeatJudge, ChargesOneLookForTheTimeInWhichTheKeeperItselfWasStopped) {
  BeatJudge judge;
  judge.start(0);
  judge.look(kSecond);
  judge.look(3600 * kSecond);
  EXPECT_EQ(judge.silence_ns(), kSecond + BeatJudge::kLongestLook);
  EXPECT_FALSE(judge.too_silent());
}

TEST(BeatJudge, AStoppedKeeperStillFindsAHungSupervisorLater) {
  BeatJudge judge;
  judge.start(0);
  std::uint64_t now = 100 * kSecond;
  for (int look = 0; look < 10; ++look) judge.look(now += kSecond);
  EXPECT_TRUE(judge.too_silent());
}

TEST(BeatJudge, FrequentLooksAddUpToTheTrueTime) {
  BeatJudge judge;
  judge.start(0);
  for (std::uint64_t ms = 1; ms < 10'000; ++ms) judge.look(ms * 1'000'000);
  EXPECT_FALSE(judge.too_silent());
  judge.look(10 * kSecond);
  EXPECT_TRUE(judge.too_silent());
}

TEST(BeatJudge, ATimeThatDoesNotAdvanceCountsNothing) {
  BeatJudge judge;
  judge.start(10 * kSecond);
  judge.look(10 * kSecond);
  judge.look(9 * kSecond);
  EXPECT_EQ(judge.silence_ns(), 0u);
}

TEST(BeatJudge, ASuccessorStartsWithoutItsPredecessorsSilence) {
  BeatJudge judge;
  judge.start(0);
  for (std::uint64_t second = 1; second <= 10; ++second) judge.look(second * kSecond);
  ASSERT_TRUE(judge.too_silent());
  judge.start(11 * kSecond);
  EXPECT_FALSE(judge.too_silent());
}

}  // namespace
}  // namespace ringmaster::keeper
