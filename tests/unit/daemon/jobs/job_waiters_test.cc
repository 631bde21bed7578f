#include "daemon/jobs/job_waiters.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_job_asker.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeJobAsker;

JobAskerPtr at(std::uint64_t connection) { return std::make_shared<FakeJobAsker>(connection); }

TEST(JobWaiters, AreGivenBackOnceWhenTheJobEnds) {
  JobWaiters waiters;
  EXPECT_TRUE(waiters.add(7, at(1)));
  EXPECT_TRUE(waiters.add(7, at(1)));
  EXPECT_TRUE(waiters.add(8, at(1)));
  EXPECT_EQ(waiters.take(7).size(), 2U);
  EXPECT_TRUE(waiters.take(7).empty());
  EXPECT_EQ(waiters.take(8).size(), 1U);
  EXPECT_TRUE(waiters.empty());
}

TEST(JobWaiters, GoWithTheirConnection) {
  JobWaiters waiters;
  const auto held = std::make_shared<FakeJobAsker>(1);
  for (const std::uint64_t job : {7, 7, 8}) EXPECT_TRUE(waiters.add(job, held));
  EXPECT_TRUE(waiters.add(7, at(2)));
  waiters.drop(1);
  EXPECT_EQ(held.use_count(), 1) << "nothing of it is kept";
  EXPECT_TRUE(waiters.take(8).empty());
  const auto left = waiters.take(7);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front()->connection(), 2U);
  waiters.drop(2);
  EXPECT_TRUE(waiters.empty());
}

TEST(JobWaiters, AreAtMostSoManyForAJob) {
  JobWaiters waiters;
  for (std::size_t i = 0; i < JobWaiters::kMostPerJob; ++i) EXPECT_TRUE(waiters.add(7, at(i)));
  EXPECT_FALSE(waiters.add(7, at(1000)));
  EXPECT_TRUE(waiters.add(8, at(1000)));
  waiters.drop(0);
  EXPECT_TRUE(waiters.add(7, at(1000)));
}

}  // namespace
}  // namespace ringmaster::daemon
