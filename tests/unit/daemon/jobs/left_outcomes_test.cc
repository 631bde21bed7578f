#include "daemon/jobs/left_outcomes.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

constexpr core::TimePoint kNow{std::chrono::hours{1}};
constexpr JobCookie kCookie{7, 8};

LeftOutcomes::Left one() {
  LeftOutcomes::Left left{1000, kCookie, {}, kNow, nullptr};
  left.outcome.job_id = 42;
  return left;
}

TEST(LeftOutcomes, AreShownToTheirSubmitterAndToAdministrators) {
  LeftOutcomes left;
  left.keep(one());
  EXPECT_NE(left.shown_to({.uid = 1000}, 0, kCookie), nullptr);
  EXPECT_NE(left.shown_to({.uid = 1000}, 42, kCookie), nullptr);
  EXPECT_NE(left.shown_to({.uid = 0, .admin = true}, 42, {}), nullptr);
  EXPECT_EQ(left.shown_to({.uid = 1000}, 42, {}), nullptr) << "who guesses the id";
  EXPECT_EQ(left.shown_to({.uid = 1001}, 0, kCookie), nullptr);
}

TEST(LeftOutcomes, AreKeptAndPaidForAsLongAsOthers) {
  core::QuotaBook quota{core::QuotaLimits{}};
  LeftOutcomes left;
  auto kept = one();
  kept.charge = std::make_shared<JobCharge>(quota, 1000);
  kept.charge->charge_accepted({});
  left.keep(std::move(kept));
  left.expire(kNow + std::chrono::seconds{59});
  EXPECT_FALSE(left.empty());
  EXPECT_EQ(quota.use(1000).socket_jobs, 1U);
  left.expire(kNow + std::chrono::seconds{60});
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(left.shown_to({.uid = 1000}, 0, kCookie), nullptr);
  EXPECT_EQ(quota.use(1000), core::QuotaUse{});
}

TEST(LeftOutcomes, OneWithAResultIsLostAndAnotherIsWhatItWas) {
  JobOutcome done;
  done.status = Status::Done;
  done.cause = Cause::Completed;
  EXPECT_EQ(without_result(done).cause, Cause::PoolRemoved) << "an empty result is one";
  JobOutcome crashed;
  crashed.status = Status::Crashed;
  crashed.cause = Cause::CrashedSignal;
  crashed.detail = 11;
  EXPECT_EQ(without_result(crashed).cause, Cause::CrashedSignal);
  EXPECT_EQ(without_result(crashed).detail, 11U);
  JobOutcome failed;
  failed.status = Status::Failed;
  failed.cause = Cause::Application;
  failed.result = "what went wrong";
  EXPECT_EQ(without_result(failed).status, Status::Lost);
  EXPECT_TRUE(without_result(failed).result.empty());
}

}  // namespace
}  // namespace ringmaster::daemon
