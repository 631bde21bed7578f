#include "daemon/jobs/outcome_delivery.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_job_asker.h"
#include "tests/unit/daemon/jobs/fake_home.h"

namespace ringmaster::daemon {
namespace {

using testing::done;
using testing::FakeHome;
using testing::FakeJobAsker;
using testing::job_in;

/// One job, seq 3 in slot 3 of session 7, of uid 1000, which pays for it.
class OutcomeDeliveryTest : public ::testing::Test {
 protected:
  OutcomeDeliveryTest() {
    home_.session().reply = world_.reply;
    job_.bytes = core::Bytes{100};
    job_.charge = delivery_.charge_again(job_);
  }
  void end() {
    job_.end = done(3);
    delivery_.ended(job_);
  }
  [[nodiscard]] std::uint64_t paid() const { return quota_.use(1000).bytes.value; }
  [[nodiscard]] bool noted() const { return shm::is_delivered(ledger_.record.delivered, 7, 3); }
  static std::shared_ptr<FakeJobAsker> asker(std::uint64_t connection = 1) {
    return std::make_shared<FakeJobAsker>(connection);
  }

  testing::World world_;
  testing::LedgerInMemory ledger_;
  core::QuotaBook quota_{core::QuotaLimits{}};
  FakeHome home_{7, 10};
  JobTable jobs_{ledger_.record.delivered};
  std::vector<std::uint64_t> opened_;  ///< sizes of results that outgrew their extents
  OutcomeDelivery delivery_{ledger_.record, jobs_, quota_,
                            [this](std::uint32_t, std::uint32_t, std::uint64_t bytes) -> Result<UniqueFd> {
                              opened_.push_back(bytes);
                              return UniqueFd(::dup(STDERR_FILENO));
                            }};
  MessageJob& job_ = jobs_.add(job_in(home_, 3));
};

TEST_F(OutcomeDeliveryTest, AJobThatRunsIsAnsweredWithItsId) {
  const auto client = asker();
  delivery_.answer(job_, client, false);
  ASSERT_NE(client->last<JobAccepted>(), nullptr);
  EXPECT_EQ(client->last<JobAccepted>()->job_id, job_.id);
}

TEST_F(OutcomeDeliveryTest, WhoeverWaitsGetsTheOutcomeWhenItsConnectionHasRoom) {
  const auto client = asker();
  delivery_.answer(job_, client, true);
  end();
  EXPECT_TRUE(client->answers.empty());
  EXPECT_TRUE(job_.is_due());
  client->make_room();
  ASSERT_NE(client->last<JobOutcome>(), nullptr);
  EXPECT_EQ(client->last<JobOutcome>()->job_id, job_.id);
  EXPECT_TRUE(job_.delivered);
  EXPECT_TRUE(noted());
  EXPECT_EQ(paid(), 0U);
}

TEST_F(OutcomeDeliveryTest, AJobThatWasDroppedMeanwhileIsToldToBeUnknown) {
  const auto client = asker();
  delivery_.answer(job_, client, true);
  end();
  jobs_.drop(job_.id);
  client->make_room();
  ASSERT_NE(client->last<RequestRefusal>(), nullptr);
  EXPECT_EQ(client->last<RequestRefusal>()->code, RefusalCode::UnknownJob);
}

TEST_F(OutcomeDeliveryTest, SoManyMayWaitAndTheNextIsTurnedAway) {
  for (std::size_t i = 0; i < JobWaiters::kMostPerJob; ++i) delivery_.answer(job_, asker(i), true);
  const auto client = asker(1000);
  delivery_.answer(job_, client, true);
  ASSERT_NE(client->last<RequestRefusal>(), nullptr);
  EXPECT_EQ(client->last<RequestRefusal>()->code, RefusalCode::Busy);
}

TEST_F(OutcomeDeliveryTest, AnOutcomeThatWasLostOnItsWayIsPaidForAgain) {
  end();
  delivery_.answer(job_, asker(1), true);
  ASSERT_EQ(paid(), 0U);
  delivery_.connection_closed(1);
  EXPECT_FALSE(job_.delivered);
  EXPECT_FALSE(noted());
  EXPECT_EQ(paid(), 100U);
}

TEST_F(OutcomeDeliveryTest, AnOutcomeThatWasReadIsSettledAndKept) {
  end();
  delivery_.answer(job_, asker(1), true);
  EXPECT_FALSE(delivery_.all_read(1));
  EXPECT_TRUE(home_.settled.contains(3));
  delivery_.connection_closed(1);
  EXPECT_TRUE(job_.delivered);
  EXPECT_NE(jobs_.find(job_.id), nullptr);
}

TEST_F(OutcomeDeliveryTest, WhatOneHasReadIsNotSettledWhileAnotherIsToGetIt) {
  auto first = asker(1);
  auto second = asker(2);
  for (const auto& one : {first, second}) delivery_.answer(job_, one, true);
  end();
  first->make_room();
  first.reset();
  EXPECT_FALSE(delivery_.all_read(1));
  EXPECT_TRUE(home_.settled.empty());
  second->make_room();
  second.reset();
  EXPECT_FALSE(delivery_.all_read(2));
  EXPECT_TRUE(home_.settled.contains(3));
}

TEST_F(OutcomeDeliveryTest, APredecessorsJobGoesWhenItsOutcomeWasRead) {
  home_.make_predecessors();
  end();
  delivery_.answer(job_, asker(1), true);
  const std::uint64_t id = job_.id;
  EXPECT_TRUE(delivery_.all_read(1));
  EXPECT_EQ(jobs_.find(id), nullptr);
}

TEST_F(OutcomeDeliveryTest, NothingIsDeliveredToAConnectionThatHasEnded) {
  end();
  const auto client = asker(1);
  client->connected = false;
  delivery_.answer(job_, client, true);
  EXPECT_TRUE(client->answers.empty());
  EXPECT_FALSE(job_.delivered);
  EXPECT_EQ(paid(), 100U);
}

TEST_F(OutcomeDeliveryTest, ThereIsNoLaterForAJobThatGoes) {
  const auto client = asker();
  delivery_.answer(job_, client, true);
  end();
  delivery_.deliver_last(job_);
  EXPECT_NE(client->last<JobOutcome>(), nullptr) << "without room";
  client->forget();
}

}  // namespace
}  // namespace ringmaster::daemon
