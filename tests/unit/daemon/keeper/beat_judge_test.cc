#include "daemon/keeper/beat_judge.h"

#include <gtest/gtest.h>

namespace ringmaster::keeper {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// What the keeper does: a look when one is due; the question leaves at once. Until `end`, or it is too silent.
std::uint64_t look_until(BeatJudge& judge, std::uint64_t end) {
  std::uint64_t now = 0;
  while (!judge.too_silent() && judge.next_look_ns() <= end) {
    now = judge.next_look_ns();
    judge.look(now);
    if (judge.wants_to_ask()) judge.asked();
  }
  return now;
}

TEST(BeatJudge, AsksAfterFiveSecondsAndCondemnsAfterFiveMore) {
  BeatJudge judge;
  judge.start(5 * kSecond);
  judge.look(9 * kSecond);
  EXPECT_FALSE(judge.wants_to_ask());
  EXPECT_EQ(judge.next_look_ns(), 10 * kSecond);
  judge.look(10 * kSecond);
  EXPECT_TRUE(judge.wants_to_ask());
  judge.asked();
  for (std::uint64_t second = 1; second <= 4; ++second) {
    judge.look((10 + second) * kSecond);
    EXPECT_FALSE(judge.too_silent()) << second;
    EXPECT_FALSE(judge.wants_to_ask()) << second;
  }
  judge.look(15 * kSecond);
  EXPECT_TRUE(judge.too_silent());
}

TEST(BeatJudge, FindsAHangWithinTenSecondsHoweverItFalls) {
  for (std::uint64_t hang_ms = 0; hang_ms < 6000; hang_ms += 100) {
    BeatJudge judge;
    judge.start(0);
    const std::uint64_t hang = hang_ms * 1'000'000;
    while (judge.next_look_ns() < hang) {  // it answers each question until it hangs
      const std::uint64_t now = judge.next_look_ns();
      judge.look(now);
      judge.heard();
    }
    const std::uint64_t found = look_until(judge, 100 * kSecond);
    EXPECT_TRUE(judge.too_silent());
    EXPECT_LE(found - hang, 10 * kSecond) << hang_ms;
    EXPECT_GE(found - hang, 5 * kSecond) << hang_ms;
  }
}

TEST(BeatJudge, AnAnswerEndsTheSilence) {
  BeatJudge judge;
  judge.start(0);
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t asked = judge.next_look_ns();
    judge.look(asked);
    ASSERT_TRUE(judge.wants_to_ask());
    judge.asked();
    judge.look(asked + 4 * kSecond);
    judge.heard();
    EXPECT_EQ(judge.silence_ns(), 0u);
    EXPECT_FALSE(judge.too_silent());
  }
}

TEST(BeatJudge, AsksEachFiveSecondsWhateverElseItHears) {
  BeatJudge judge;
  judge.start(0);
  int questions = 0;
  for (std::uint64_t ms = 0; ms < 60'000; ms += 100) {  // a busy supervisor, which always has something to say
    judge.heard();
    judge.look(ms * 1'000'000);
    if (judge.wants_to_ask()) {
      judge.asked();
      ++questions;
    }
    EXPECT_FALSE(judge.too_silent());
  }
  EXPECT_EQ(questions, 11);
}

TEST(BeatJudge, AnIdleSupervisorIsLookedAtOnceInFiveSeconds) {
  BeatJudge judge;
  judge.start(0);
  judge.heard();
  EXPECT_EQ(judge.next_look_ns(), 5 * kSecond);
  judge.look(4 * kSecond);
  EXPECT_EQ(judge.next_look_ns(), 5 * kSecond);
  judge.look(5 * kSecond);
  judge.asked();
  judge.heard();
  EXPECT_EQ(judge.next_look_ns(), 10 * kSecond);
}

TEST(BeatJudge, ChargesOneLookForTheTimeInWhichTheKeeperItselfWasStopped) {
  BeatJudge judge;
  judge.start(0);
  judge.look(3600 * kSecond);
  EXPECT_TRUE(judge.wants_to_ask());
  EXPECT_EQ(judge.silence_ns(), 0u);
  judge.look(7200 * kSecond);
  EXPECT_EQ(judge.silence_ns(), BeatJudge::kLongestLook);
  EXPECT_FALSE(judge.too_silent());
}

TEST(BeatJudge, AStoppedKeeperStillFindsAHungSupervisorLater) {
  BeatJudge judge;
  judge.start(0);
  std::uint64_t now = 100 * kSecond;
  for (int look = 0; look <= 5; ++look) judge.look(now += kSecond);
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
  judge.look(15 * kSecond);
  judge.look(15 * kSecond);
  judge.look(14 * kSecond);
  EXPECT_EQ(judge.silence_ns(), 0u);
}

TEST(BeatJudge, ASuccessorStartsWithoutItsPredecessorsSilence) {
  BeatJudge judge;
  judge.start(0);
  (void)look_until(judge, 20 * kSecond);
  ASSERT_TRUE(judge.too_silent());
  judge.start(11 * kSecond);
  EXPECT_FALSE(judge.too_silent());
}

}  // namespace
}  // namespace ringmaster::keeper
