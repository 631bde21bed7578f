#include "daemon/core/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PoolSnapshot good(std::string name) {
  PoolSnapshot pool;
  pool.name = std::move(name);
  pool.workers_wanted = pool.workers_active = 2;
  pool.spares_wanted = pool.spares_ready = 1;
  return pool;
}

Health judge(std::vector<PoolSnapshot> pools, Drain::State daemon = Drain::State::Running) {
  return judge_health(daemon, pools);
}

TEST(Health, IsHealthyWithoutAReasonWhenAllIsAsConfigured) {
  const auto health = judge({good("a"), good("b")});
  EXPECT_EQ(health.level, HealthLevel::Healthy);
  EXPECT_THAT(health.reasons, IsEmpty());
}

TEST(Health, TakesASpareThatIsBeingReplacedForNormal) {
  auto pool = good("a");
  pool.spares_ready = 0;
  pool.workers_starting = 1;
  EXPECT_EQ(judge({pool}).level, HealthLevel::Healthy);
  pool.workers_starting = 0;
  pool.workers_waiting = 1;
  EXPECT_EQ(judge({pool}).level, HealthLevel::Degraded);
}

TEST(Health, IsDegradedWithTheReasonWhenWorkersAreMissing) {
  auto pool = good("images");
  pool.workers_active = 1;
  pool.workers_waiting = 1;
  pool.last_death = "killed by SIGSEGV";
  const auto health = judge({pool});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons,
              ElementsAre("pool \"images\": 1 of 2 workers active, 1 waiting to restart; the last death: "
                          "killed by SIGSEGV"));
}

TEST(Health, OnePoolDownDegradesAllPoolsDownIsDown) {
  auto dead = good("a");
  dead.workers_active = 0;
  dead.quarantined = true;
  dead.quarantine_reason = "why";
  EXPECT_EQ(judge({dead, good("b")}).level, HealthLevel::Degraded);
  EXPECT_EQ(judge({dead}).level, HealthLevel::Down);
  EXPECT_THAT(judge({dead}).reasons, ElementsAre(HasSubstr("quarantined: why")));
}

TEST(Health, ADrainedPoolDegradesADrainedOrStoppingDaemonIsDown) {
  auto drained = good("a");
  drained.drain = Drain::State::Drained;
  EXPECT_EQ(judge({drained, good("b")}).level, HealthLevel::Degraded);
  for (const auto state : {Drain::State::Draining, Drain::State::Drained, Drain::State::Stopping, Drain::State::Killing,
                           Drain::State::Stopped}) {
    EXPECT_EQ(judge({good("a")}, state).level, HealthLevel::Down);
  }
  EXPECT_EQ(judge({}).level, HealthLevel::Down);
}

}  // namespace
}  // namespace ringmaster::core
