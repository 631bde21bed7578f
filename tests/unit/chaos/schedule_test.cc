#include "tests/chaos/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "daemon/keeper/restart_pace.h"

namespace ringmaster::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ChaosSchedule, TheSameSeedGivesTheSameSteps) {
  EXPECT_EQ(plan_steps(42, minutes(2), {}), plan_steps(42, minutes(2), {}));
  EXPECT_NE(plan_steps(42, minutes(2), {}), plan_steps(43, minutes(2), {}));
}

TEST(ChaosSchedule, AShorterRunIsTheBeginOfALongerOne) {
  const auto longer = plan_steps(42, minutes(2), {});
  const auto shorter = plan_steps(42, minutes(1), {});
  ASSERT_LT(shorter.size(), longer.size());
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(ChaosSchedule, HoldsEveryActAboutAsOftenAsAsked) {
  std::map<Act, unsigned> counts;
  const Pace pace;
  for (const Step& step : plan_steps(5, minutes(20), pace)) ++counts[step.act];
  for (unsigned act = 0; act < kActs; ++act) {
    const unsigned wanted = 20 * pace.per_minute[act];
    EXPECT_GT(counts[static_cast<Act>(act)], wanted / 2) << to_string(static_cast<Act>(act));
    EXPECT_LT(counts[static_cast<Act>(act)], wanted * 2) << to_string(static_cast<Act>(act));
  }
}

TEST(ChaosSchedule, StepsAreInOrderAndStopsEnd) {
  const auto steps = plan_steps(9, minutes(5), {});
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
  for (const Step& step : steps)
    if (step.act == Act::StopWorker || step.act == Act::StopSupervisor || step.act == Act::StopClient) {
      EXPECT_GT(step.length, Nanos(0));
    }
}

// The keeper's own judgement over the planned kills: no loop, whichever the seed, also where a successor needs as long
// as the schedule takes it to.
TEST(ChaosSchedule, KillsOfTheSupervisorAreNoLoopToTheKeeper) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    keeper::RestartPace keeper;
    Pace pace;
    pace.of(Act::KillSupervisor) = 200;
    Nanos last(0);
    keeper.on_serving(0);
    for (const Step& step : plan_steps(seed, minutes(3), pace)) {
      if (step.act != Act::KillSupervisor) continue;
      if (step.at - last > SupervisorPace::kServesWithin)
        keeper.on_serving(static_cast<std::uint64_t>((last + SupervisorPace::kServesWithin).count()));
      EXPECT_FALSE(keeper.on_death(static_cast<std::uint64_t>(step.at.count()), true).cold) << seed;
      last = step.at;
    }
  }
}

TEST(ChaosSupervisorPace, FiveInARowAreEnoughUntilOneServes) {
  SupervisorPace pace(true);
  Nanos now(0);
  for (unsigned i = 0; i < SupervisorPace::kInARow; ++i) {
    ASSERT_TRUE(pace.allows(now += seconds(5)));
    pace.killed(now);
  }
  EXPECT_FALSE(pace.allows(now += seconds(60))) << "none has served, however long that takes";
  pace.serving();
  EXPECT_TRUE(pace.allows(now));
}

TEST(ChaosSupervisorPace, FifteenInTenSecondsAreEnough) {
  SupervisorPace pace(true);
  for (unsigned i = 0; i < SupervisorPace::kKillsInWindow; ++i) {
    const Nanos now = milliseconds(100 * i);
    ASSERT_TRUE(pace.allows(now));
    pace.killed(now);
    pace.serving();
  }
  EXPECT_FALSE(pace.allows(seconds(9)));
  EXPECT_TRUE(pace.allows(milliseconds(10'001)));
}

}  // namespace
}  // namespace ringmaster::chaos
