#include "client/session/spin_judge.h"

#include <gtest/gtest.h>

namespace ringmaster::client {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBudget = microseconds(20);

struct Judged {
  SpinJudge judge;
  SpinJudge::TimePoint now{seconds(1)};

  /// One wait, a spin if there is to be one, then a sleep of 100 us; whether it spun.
  bool wait(bool found, Duration took) {
    const bool spins = judge.spins(now);
    if (spins) {
      judge.spun(found, kBudget, now, now + took);
      now += took;
    }
    now += microseconds(100);
    return spins;
  }
  /// How many of so many waits spun, of which every `nth` loses its CPU for 3 ms.
  int spins(int waits, int nth) {
    int spun = 0;
    for (int at = 0; at < waits; ++at) {
      const bool lost = judge.spins(now) && ++tries % nth == 0;
      if (wait(true, lost ? Duration(milliseconds(3)) : Duration(microseconds(8)))) ++spun;
    }
    return spun;
  }
  int tries = 0;
};

TEST(SpinJudge, SpinsAsLongAsSpinsFindSomething) {
  Judged j;
  for (int at = 0; at < 1000; ++at) EXPECT_TRUE(j.wait(true, microseconds(8))) << at;
}

TEST(SpinJudge, HasPatienceWithSomeInVain) {
  Judged j;
  for (int at = 0; at < 1000; ++at) EXPECT_TRUE(j.wait(at % 16 == 0, microseconds(20))) << at;
}

TEST(SpinJudge, RestsWhereSpinsFindNothingAndTriesAgainNowAndThen) {
  Judged j;
  int spun = 0;
  for (int at = 0; at < 100'000; ++at) spun += j.wait(false, kBudget) ? 1 : 0;
  EXPECT_GE(spun, 16);
  EXPECT_LE(spun, 16 + 11 + 10) << "in 10 s: pauses that double up to a second";
}

TEST(SpinJudge, SpinsAgainSoonAfterJobsBecameShort) {
  Judged j;
  for (int at = 0; at < 100'000; ++at) (void)j.wait(false, kBudget);
  j.now += seconds(1);
  int spun = 0;
  for (int at = 0; at < 1000; ++at) spun += j.wait(true, microseconds(8)) ? 1 : 0;
  EXPECT_EQ(spun, 1000);
}

TEST(SpinJudge, RestsAtOnceWhereItsCpuWasTaken) {
  Judged j;
  EXPECT_TRUE(j.wait(true, milliseconds(3))) << "found, but only after another had run";
  EXPECT_FALSE(j.judge.spins(j.now));
  j.now += milliseconds(11);
  EXPECT_TRUE(j.judge.spins(j.now));
}

TEST(SpinJudge, HardlySpinsOnALoadedMachine) {
  Judged loaded;
  (void)loaded.spins(100'000, 10);
  EXPECT_LE(loaded.spins(100'000, 10), 1000) << "one in ten lost its CPU: at most a percent are tried";
}

TEST(SpinJudge, BearsARareInterruption) {
  Judged quiet;
  EXPECT_GE(quiet.spins(100'000, 1000), 85'000);
}

}  // namespace
}  // namespace ringmaster::client
