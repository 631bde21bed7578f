#include "worker/loop/spin_pause.h"

#include <gtest/gtest.h>

namespace ringmaster::worker {
namespace {

/// Looks one after another, each finding so many threads; whether it spins after them.
bool spins_after(SpinPause& pause, std::uint64_t& now, std::initializer_list<unsigned> running) {
  for (const unsigned one : running) {
    now += SpinPause::kBetweenLooksNs;
    EXPECT_TRUE(pause.look_is_due(now));
    pause.looked(now, one);
    EXPECT_FALSE(pause.look_is_due(now + SpinPause::kBetweenLooksNs - 1));
  }
  return pause.spins(now);
}

TEST(SpinPause, PausesWhileMoreThreadsWantToRunThanThereAreCpus) {
  SpinPause pause(2);
  std::uint64_t now = 5'000'000;
  EXPECT_TRUE(pause.spins(now));
  EXPECT_TRUE(spins_after(pause, now, {2, 2, 2, 2, 2, 2, 2, 2, 2})) << "one for the worker, one for its client";
  EXPECT_TRUE(spins_after(pause, now, {3, 3, 3, 3, 3, 3, 3}));
  EXPECT_FALSE(spins_after(pause, now, {4}));
  EXPECT_FALSE(pause.spins(now + SpinPause::kPauseNs - 1));
  now += SpinPause::kPauseNs;
  EXPECT_TRUE(pause.spins(now)) << "and tries again";
  EXPECT_FALSE(spins_after(pause, now, {3})) << "one look is enough then";
}

TEST(SpinPause, BearsShortWorkOfOthers) {
  SpinPause pause(2);
  std::uint64_t now = 0;
  for (int time = 0; time < 100; ++time) EXPECT_TRUE(spins_after(pause, now, {3, 3, 9, 3, 3, 3, 3, 1}));
}

TEST(SpinPause, SpinsWhereItCannotKnow) {
  SpinPause pause(1);
  for (std::uint64_t now = 7; now < 100; ++now) pause.looked(now, std::nullopt);
  EXPECT_TRUE(pause.spins(100));
}

TEST(SpinPause, ReadsTheKernelsLine) {
  EXPECT_EQ(running_in("0.20 0.18 0.12 3/80 11206\n"), 3U);
  EXPECT_EQ(running_in("12/9"), 12U);
  for (const char* wrong : {"", "0.20 0.18", " /80", "x/80", "1x/80", "-1/80", "99999999999/80"}) {
    EXPECT_EQ(running_in(wrong), std::nullopt) << wrong;
  }
}

TEST(SpinPause, CountsTheKernelsCpus) {
  EXPECT_EQ(cpus_in("0\n"), 1U);
  EXPECT_EQ(cpus_in("0-1\n"), 2U);
  EXPECT_EQ(cpus_in("0-3,8,10-11"), 7U);
  for (const char* wrong : {"", "\n", "x", "3-1", "0-", "0-3;5", "-1"}) EXPECT_EQ(cpus_in(wrong), 0U) << wrong;
}

TEST(SpinPause, KnowsThisMachine) {
  const auto running = running_threads();
  ASSERT_TRUE(running);
  EXPECT_GE(*running, 1U) << "this test";
  EXPECT_GE(machine_cpus(), 1U);
}

}  // namespace
}  // namespace ringmaster::worker
