#include "daemon/pool/book/pool_charges.h"

#include <gtest/gtest.h>

#include <memory>

#include "shm/charges.h"
#include "tests/testing/fake_timers.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::daemon {
namespace {

using std::chrono::seconds;

/// A pool that refuses whose jobs have ended more than three workers within 6 s, with one worker that is told.
class PoolChargesTest : public ::testing::Test {
 protected:
  PoolChargesTest() {
    config.name = "images";
    config.restart.budget = 3;
    config.restart.window = seconds{6};
  }

  [[nodiscard]] std::unique_ptr<PoolCharges> supervisor() {
    return std::make_unique<PoolCharges>(timers, *record, config, [this](const auto& tell) { tell(*control); });
  }
  /// A worker's death in its first job, which is uid 1000's.
  void die(PoolCharges& charges, std::uint16_t incarnation) {
    PoolCharges::Death death;
    death.owner = {1, incarnation};
    death.cause = {core::DeathKind::Signal, 11, true, false};
    death.running_uid = 1000;
    EXPECT_EQ(charges.bury(death), 1000U);
  }
  [[nodiscard]] bool worker_knows_of(std::uint32_t uid) const {
    shm::ChargedUsers known;
    (void)known.read(*control);
    return known.find(uid) != nullptr;
  }

  testing::FakeTimers timers;
  config::PoolConfig config;
  std::unique_ptr<shm::LedgerPool> record = std::make_unique<shm::LedgerPool>();
  testing::Memory memory{sizeof(shm::ControlRecord)};
  shm::ControlRecord* control = shm::format_control(memory.span(), 0, {1, 1});
};

TEST_F(PoolChargesTest, OneDeathIsShownAndCostsNothing) {
  const auto charges = supervisor();
  die(*charges, 1);
  ASSERT_EQ(charges->views().size(), 1U);
  const ChargeView view = charges->views()[0];
  EXPECT_EQ(view.uid, 1000U);
  EXPECT_EQ(view.workers, 1U);
  EXPECT_EQ(view.standing, "clear");
  EXPECT_EQ(view.refused_for, core::Duration::zero());
  EXPECT_EQ(charges->refusal(1000), "");
  EXPECT_FALSE(worker_knows_of(1000));
}

TEST_F(PoolChargesTest, WhoEndsTooManyIsRefusedForAWhileAndWorkersAreTold) {
  const auto charges = supervisor();
  for (std::uint16_t i = 1; i <= 4; ++i) die(*charges, i);
  const ChargeView view = charges->views()[0];
  EXPECT_EQ(view.workers, 4U);
  EXPECT_EQ(view.standing, "refused");
  EXPECT_EQ(view.refused_for, seconds{4});
  EXPECT_NE(charges->refusal(1000).find("refused for another 4s"), std::string::npos) << charges->refusal(1000);
  EXPECT_EQ(charges->refusal(1001), "");
  EXPECT_TRUE(worker_knows_of(1000));
}

TEST_F(PoolChargesTest, TimePaysItOffAndWorkersAreToldOfThatToo) {
  const auto charges = supervisor();
  for (std::uint16_t i = 1; i <= 4; ++i) die(*charges, i);
  timers.pass(seconds{4});
  EXPECT_EQ(charges->refusal(1000), "");
  timers.pass(seconds{3});
  EXPECT_TRUE(charges->views().empty());
  EXPECT_FALSE(worker_knows_of(1000));
}

TEST_F(PoolChargesTest, ADeathIsChargedOnce) {
  const auto charges = supervisor();
  die(*charges, 1);
  die(*charges, 1);
  EXPECT_EQ(charges->views()[0].workers, 1U);
}

TEST_F(PoolChargesTest, ASuccessorGoesByWhatIsOnRecord) {
  auto charges = supervisor();
  for (std::uint16_t i = 1; i <= 4; ++i) die(*charges, i);
  charges.reset();
  EXPECT_EQ(timers.waiting(), 0U) << "nothing of it is left in the loop";
  const auto successor = supervisor();
  EXPECT_EQ(successor->views()[0].standing, "refused");
  EXPECT_EQ(successor->views()[0].cause, "killed by SIGSEGV");
  timers.pass(seconds{8});
  EXPECT_TRUE(successor->views().empty());
}

TEST_F(PoolChargesTest, ADeathBetweenJobsThatNobodyIsKnownForIsThePools) {
  const auto charges = supervisor();
  PoolCharges::Death death;
  death.owner = {1, 1};
  death.cause = {core::DeathKind::Signal, 11, true, false};
  EXPECT_FALSE(charges->bury(death));
  EXPECT_TRUE(charges->views().empty());
}

}  // namespace
}  // namespace ringmaster::daemon
