#include "daemon/core/daemon/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/daemon/status_line.h"

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Duration kHold = 5s;
constexpr TimePoint kNow{1000s};

PoolSnapshot good(std::string name) {
  PoolSnapshot pool;
  pool.name = std::move(name);
  pool.workers_wanted = pool.workers_active = 2;
  pool.spares_wanted = pool.spares_ready = 1;
  return pool;
}
PoolSnapshot one_missing(std::string name) {
  PoolSnapshot pool = good(std::move(name));
  pool.workers_active = 1;
  pool.workers_waiting = 1;
  return pool;
}

class HealthTest : public ::testing::Test {
 protected:
  Health look(TimePoint now, std::vector<PoolSnapshot> pools) {
    daemon_.pools = pools;
    return judge_.look(now, daemon_);
  }
  // As found by a daemon that has seen the same for long.
  Health settled(const std::vector<PoolSnapshot>& pools) {
    (void)look(kNow, {good("before")});
    (void)look(kNow, pools);
    return look(kNow + kHold, pools);
  }
  HealthJudge judge_{kHold};
  DaemonSnapshot daemon_;
};

TEST_F(HealthTest, IsHealthyWithoutAReasonWhenAllIsAsConfigured) {
  const auto health = settled({good("a"), good("b")});
  EXPECT_EQ(health.level, HealthLevel::Healthy);
  EXPECT_THAT(health.reasons, IsEmpty());
  EXPECT_FALSE(judge_.next_change());
}

TEST_F(HealthTest, IsStartingUntilEachPoolHasAVerdictOnItsFirstWorker) {
  PoolSnapshot starting = good("b");
  starting.judged = false;
  starting.workers_active = 0;
  starting.workers_starting = 2;
  const auto health = look(kNow, {good("a"), starting});
  EXPECT_EQ(health.level, HealthLevel::Starting);
  EXPECT_THAT(health.reasons, ElementsAre("pool \"b\": its first worker is starting"));
  EXPECT_EQ(look(kNow + 1s, {good("a"), good("b")}).level, HealthLevel::Healthy);
  starting.judged = false;  // and never again
  EXPECT_NE(look(kNow + 2s, {good("a"), starting}).level, HealthLevel::Starting);
}

TEST_F(HealthTest, OneCrashDegradesNothing) {
  PoolSnapshot crashed = good("a");
  crashed.workers_wanted = 1;
  crashed.workers_active = 0;
  crashed.workers_starting = 1;
  crashed.spares_wanted = crashed.spares_ready = 0;
  (void)look(kNow, {good("a")});
  EXPECT_EQ(look(kNow, {crashed}).level, HealthLevel::Healthy);
  EXPECT_EQ(judge_.next_change(), kNow + kHold);
  EXPECT_EQ(look(kNow + kHold - 1ms, {crashed}).level, HealthLevel::Healthy);
  EXPECT_EQ(look(kNow + kHold, {crashed}).level, HealthLevel::Down);
  EXPECT_EQ(look(kNow + kHold + 1ms, {good("a")}).level, HealthLevel::Healthy);
  EXPECT_EQ(look(kNow + kHold + 2ms, {crashed}).level, HealthLevel::Healthy) << "counted anew";
}

TEST_F(HealthTest, IsDegradedWithTheReasonWhenWorkersStayAway) {
  auto pool = one_missing("images");
  pool.last_death = "killed by SIGSEGV";
  const auto health = settled({pool});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons,
              ElementsAre("pool \"images\": 1 of 2 workers active, 1 waiting to restart; the last death: "
                          "killed by SIGSEGV"));
}

TEST_F(HealthTest, TakesASpareThatIsBeingReplacedForNormal) {
  auto pool = good("a");
  pool.spares_ready = 0;
  pool.workers_starting = 1;
  EXPECT_EQ(settled({pool}).level, HealthLevel::Healthy);
  pool.workers_starting = 0;
  pool.workers_waiting = 1;
  EXPECT_EQ(settled({pool}).level, HealthLevel::Degraded);
}

TEST_F(HealthTest, QuarantineAndDrainCountAtOnce) {
  (void)look(kNow, {good("a"), good("b")});
  auto dead = good("a");
  dead.workers_active = 0;
  dead.quarantined = true;
  dead.quarantine_reason = "why";
  EXPECT_EQ(look(kNow, {dead, good("b")}).level, HealthLevel::Degraded);
  EXPECT_EQ(look(kNow, {dead}).level, HealthLevel::Down);
  EXPECT_THAT(look(kNow, {dead}).reasons, ElementsAre(HasSubstr("quarantined: why")));
  auto drained = good("a");
  drained.drain = Drain::State::Drained;
  EXPECT_EQ(look(kNow, {drained, good("b")}).level, HealthLevel::Degraded);
  EXPECT_EQ(look(kNow, {drained}).level, HealthLevel::Down);
}

TEST_F(HealthTest, AStoppingDaemonIsDown) {
  (void)look(kNow, {good("a")});
  for (const auto state : {Drain::State::Draining, Drain::State::Drained, Drain::State::Stopping, Drain::State::Killing,
                           Drain::State::Stopped}) {
    daemon_.state = state;
    EXPECT_EQ(look(kNow, {good("a")}).level, HealthLevel::Down);
  }
  daemon_.state = Drain::State::Running;
  EXPECT_EQ(look(kNow, {}).level, HealthLevel::Down);
}

TEST_F(HealthTest, AJobThatWaitsTooLongIsAReason) {
  auto pool = good("a");
  pool.queue_age_limit = 30s;
  pool.oldest_queued = 29s;
  EXPECT_EQ(settled({pool}).level, HealthLevel::Healthy);
  pool.oldest_queued = 90s;
  const auto health = settled({pool});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons, ElementsAre(HasSubstr("the oldest queued job has waited for")));
  pool.queue_age_limit = 0s;
  EXPECT_EQ(settled({pool}).level, HealthLevel::Healthy);
}

TEST_F(HealthTest, AQueueThatStaysNearItsLimitIsAReason) {
  daemon_.fullest_queue = {"uid 7 has 230 of 256 socket jobs (socket_jobs_per_uid)", 230, 256};
  EXPECT_EQ(settled({good("a")}).level, HealthLevel::Healthy);
  daemon_.fullest_queue = {"uid 7 has 250 of 256 socket jobs (socket_jobs_per_uid)", 250, 256};
  const auto health = settled({good("a")});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons, ElementsAre(HasSubstr("250 of 256 socket jobs")));
}

TEST_F(HealthTest, AKeeperThatIsSilentIsAReason) {
  daemon_.keeper_silence = 6s;
  EXPECT_EQ(settled({good("a")}).level, HealthLevel::Healthy);
  daemon_.keeper_silence = 15s;
  const auto health = settled({good("a")});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons, ElementsAre(HasSubstr("keeper has not answered for 15s")));
}

TEST_F(HealthTest, ALimitThatIsNotInForceIsAReason) {
  auto pool = good("a");
  pool.unmet = {"memory_max (64MiB) is not in force: no cgroup"};
  daemon_.unmet = {"[daemon] cgroup is not in force"};
  const auto health = settled({pool});
  EXPECT_EQ(health.level, HealthLevel::Degraded);
  EXPECT_THAT(health.reasons,
              ElementsAre(HasSubstr("[daemon]"), "pool \"a\": memory_max (64MiB) is not in force: no cgroup"));
}

TEST(HealthLine, SaysFactsAndReasonsInOneLine) {
  EXPECT_EQ(health_line({}, {2, 4, 1204, 3, 0, 0}), "healthy: 2 pools, 4 workers, 1,204 done, 3 crashed, 0 queued");
  EXPECT_EQ(health_line({HealthLevel::Degraded, {"pool \"a\": draining"}}, {1, 1, 1234567, 0, 2, 9}),
            "degraded: pool \"a\": draining; 1 pool, 1 worker, 1,234,567 done, 0 crashed, 2 timed out, 9 queued");
}

TEST(StatusLine, AVerdictIsSaidAtOnceFiguresNowAndThen) {
  StatusLine status;
  const Health healthy;
  const Health down{HealthLevel::Down, {"the daemon is stopping"}};
  ASSERT_TRUE(status.due(kNow, healthy));
  EXPECT_TRUE(status.say(kNow, healthy, {1, 1, 0, 0, 0, 0}));
  EXPECT_FALSE(status.due(kNow + 1s, healthy));
  EXPECT_EQ(status.due_at(), kNow + StatusLine::kEvery);
  EXPECT_TRUE(status.due(kNow + 1s, down));
  EXPECT_THAT(status.say(kNow + 1s, down, {1, 1, 5, 0, 0, 0}).value_or(""), HasSubstr("down: the daemon is stopping"));
  ASSERT_TRUE(status.due(kNow + 1s + StatusLine::kEvery, down));
  EXPECT_FALSE(status.say(kNow + 10s, down, {1, 1, 5, 0, 0, 0})) << "nothing has changed";
}

TEST(StatusLine, AReasonThatCountsOnIsSaidNowAndThen) {
  StatusLine status;
  const auto waiting = [](const char* time) {
    return Health{HealthLevel::Degraded, {std::string("waits for ") + time}};
  };
  ASSERT_TRUE(status.due(kNow, waiting("30s")));
  EXPECT_TRUE(status.say(kNow, waiting("30s"), {}));
  EXPECT_FALSE(status.due(kNow + 1s, waiting("31s")));
  EXPECT_TRUE(status.due(kNow + StatusLine::kEvery, waiting("35s")));
}

TEST_F(HealthTest, MayHaveNoPoolButThoseThatItsUsersCreate) {
  EXPECT_EQ(look(kNow, {}).level, HealthLevel::Down);
  daemon_.pools_come = true;
  EXPECT_EQ(look(kNow, {}), Health{});
  daemon_.state = Drain::State::Stopping;
  EXPECT_EQ(look(kNow, {}).level, HealthLevel::Down);
}

}  // namespace
}  // namespace ringmaster::core
