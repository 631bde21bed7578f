#include "tests/chaos/job_plan.h"

#include <gtest/gtest.h>

#include <set>

namespace ringmaster::chaos {
namespace {

TEST(ChaosJobPlan, FollowsFromSeedClientAndNumberAlone) {
  for (std::uint32_t number = 1; number < 200; ++number) {
    const JobPlan one = plan_job(7, Way::Session, 2, 3, number, {});
    const JobPlan same = plan_job(7, Way::Session, 2, 3, number, {});
    EXPECT_EQ(one.job, same.job);
    EXPECT_EQ(one.request_bytes, same.request_bytes);
    EXPECT_EQ(one.result_bytes, same.result_bytes);
    EXPECT_EQ(one.behave, same.behave);
    EXPECT_EQ(one.idempotent, same.idempotent);
  }
}

TEST(ChaosJobPlan, CoversEveryBehaviourBothWaysAndEverySize) {
  std::set<std::pair<Behave, bool>> seen;
  bool nothing = false;
  bool large = false;
  bool cancels = false;
  for (std::uint32_t number = 1; number < 20'000; ++number) {
    const JobPlan plan = plan_job(1, Way::Session, 1, 1, number, {});
    seen.emplace(plan.behave, plan.idempotent);
    nothing = nothing || (plan.request_bytes == 0 && plan.result_bytes == 0);
    large = large || plan.request_bytes > (10 << 20);
    cancels = cancels || plan.cancel_after_us != 0;
  }
  EXPECT_EQ(seen.size(), 2 * (static_cast<std::size_t>(kLastBehave) + 1));
  EXPECT_TRUE(nothing && large && cancels);
}

TEST(ChaosJobPlan, AMessageFitsOne) {
  for (std::uint32_t number = 1; number < 5000; ++number) {
    const JobPlan plan = plan_job(1, Way::Wire, 1, 1, number, {});
    EXPECT_LE(plan.request_bytes, 1U << 20);
    EXPECT_LE(plan.capacity, 1U << 20);
    EXPECT_NE(plan.capacity, 0U) << "0 stands for the handler's rule";
  }
}

TEST(ChaosJobPlan, WhatHangsHasADeadlineOfItsOwn) {
  for (std::uint32_t number = 1; number < 5000; ++number) {
    const JobPlan plan = plan_job(2, Way::Socket, 1, 1, number, {});
    if (plan.behave == Behave::Hang) {
      EXPECT_NE(plan.timeout_ms, 0U);
    }
  }
}

TEST(ChaosJobPlan, WithoutCrashesNoJobTakesItsWorkerAlong) {
  PlanLimits limits;
  limits.crashes = false;
  for (std::uint32_t number = 1; number < 5000; ++number)
    EXPECT_FALSE(kills_its_worker(plan_job(3, Way::Session, 1, 1, number, limits).behave));
}

}  // namespace
}  // namespace ringmaster::chaos
