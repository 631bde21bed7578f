#include "daemon/keeper/restart_pace.h"

#include <gtest/gtest.h>

#include "daemon/link/deposit.h"

namespace ringmaster::keeper {
namespace {

constexpr std::uint64_t kSecond = RestartPace::kSecond;

// One supervisor that serves and dies.
NextStart serve_and_die(RestartPace& pace, std::uint64_t served_at, std::uint64_t died_at) {
  pace.on_serving(served_at);
  return pace.on_death(died_at);
}

TEST(RestartPace, TheFirstDeathsAreFollowedAtOnceAndWarm) {
  RestartPace pace;
  for (const std::uint64_t at : {100 * kSecond, 103 * kSecond}) {
    const NextStart next = serve_and_die(pace, at - 1, at);
    EXPECT_EQ(next.at_ns, at);
    EXPECT_FALSE(next.cold);
    EXPECT_FALSE(next.drop_deposits);
  }
}

TEST(RestartPace, TheThirdDeathWithinTenSecondsMeansBackoffAndCold) {
  RestartPace pace;
  static_cast<void>(serve_and_die(pace, 0, 100 * kSecond));
  static_cast<void>(serve_and_die(pace, 0, 104 * kSecond));
  const NextStart next = serve_and_die(pace, 0, 110 * kSecond);
  EXPECT_EQ(next.at_ns, 111 * kSecond);
  EXPECT_TRUE(next.cold);
  EXPECT_FALSE(next.drop_deposits);
}

TEST(RestartPace, SigkillsFromElsewhereAreFollowedWarmUpToNineteenInTenSeconds) {
  RestartPace pace;
  for (int kill = 1; kill < 20; ++kill) {
    pace.on_serving(100 * kSecond);
    const NextStart next = pace.on_death(101 * kSecond, true);
    EXPECT_FALSE(next.cold) << kill;
    EXPECT_EQ(next.at_ns, 101 * kSecond);
  }
  pace.on_serving(100 * kSecond);
  EXPECT_TRUE(pace.on_death(101 * kSecond, true).cold);
}

TEST(RestartPace, SigkillsOfSupervisorsThatNeverServedAreFollowedWarmUpToSevenInARow) {
  RestartPace pace;
  for (int kill = 1; kill < 8; ++kill) {
    const NextStart next = pace.on_death(100 * kSecond, true);
    EXPECT_FALSE(next.cold) << kill;
    EXPECT_EQ(next.at_ns, 100 * kSecond);
  }
  EXPECT_TRUE(pace.on_death(100 * kSecond, true).cold) << "an out-of-memory killer in a loop has to end";
}

TEST(RestartPace, OneThatServedForgivesTheSigkillsBeforeIt) {
  RestartPace pace;
  for (int kill = 1; kill < 8; ++kill) static_cast<void>(pace.on_death(100 * kSecond, true));
  EXPECT_FALSE(serve_and_die(pace, 110 * kSecond, 120 * kSecond).cold);
  EXPECT_FALSE(pace.on_death(120 * kSecond, true).cold);
}

TEST(RestartPace, SigkillsFromElsewhereMakeNoDeathOfItsOwnALoop) {
  RestartPace pace;
  EXPECT_FALSE(pace.on_death(100 * kSecond, true).cold);
  EXPECT_FALSE(pace.on_death(100 * kSecond, true).cold);
  EXPECT_FALSE(pace.on_death(101 * kSecond).cold);
  EXPECT_FALSE(pace.on_death(102 * kSecond).cold);
  EXPECT_TRUE(pace.on_death(103 * kSecond).cold);
}

TEST(RestartPace, ThreeDeathsInMoreThanTenSecondsAreNoLoop) {
  RestartPace pace;
  for (std::uint64_t at = 100; at < 200; at += 6) {
    EXPECT_FALSE(serve_and_die(pace, at * kSecond - 1, at * kSecond).cold) << at;
  }
}

TEST(RestartPace, ThreeInARowThatNeverServedAreALoopHoweverSlow) {
  RestartPace pace;
  EXPECT_FALSE(pace.on_death(100 * kSecond).cold);
  EXPECT_FALSE(pace.on_death(200 * kSecond).cold);
  EXPECT_TRUE(pace.on_death(300 * kSecond).cold);
}

TEST(RestartPace, BacksOffDoublingUpToThirtySecondsAndDropsDepositsFromTheSecondColdStart) {
  RestartPace pace;
  std::uint64_t now = 100 * kSecond;
  static_cast<void>(pace.on_death(now));
  static_cast<void>(pace.on_death(now));
  bool first = true;
  for (const std::uint64_t delay : {1, 2, 4, 8, 16, 30, 30, 30}) {
    const NextStart next = pace.on_death(now);
    EXPECT_EQ(next.at_ns - now, delay * kSecond);
    EXPECT_TRUE(next.cold);
    EXPECT_EQ(next.drop_deposits, !first);
    first = false;
    now = next.at_ns + kSecond;
  }
}

TEST(RestartPace, StaysColdUntilOneHasServedForThirtySeconds) {
  RestartPace pace;
  for (int i = 0; i < 3; ++i) static_cast<void>(pace.on_death(100 * kSecond));
  EXPECT_TRUE(serve_and_die(pace, 200 * kSecond, 229 * kSecond).cold);
  EXPECT_TRUE(pace.failing());
  const NextStart next = serve_and_die(pace, 300 * kSecond, 330 * kSecond);
  EXPECT_FALSE(next.cold);
  EXPECT_EQ(next.at_ns, 330 * kSecond);
  EXPECT_FALSE(pace.failing());
}

TEST(RestartPace, FinalExitCodesEndTheDaemonOnlyBeforeItEverServed) {
  for (int code = 0; code < 256; ++code) {
    const bool final = code == kExitUnavailable || code == kExitSocket || code == kExitConfig || code == 127;
    EXPECT_EQ(ends_the_daemon(code, false), final) << code;
    EXPECT_FALSE(ends_the_daemon(code, true)) << code;
  }
}

}  // namespace
}  // namespace ringmaster::keeper
