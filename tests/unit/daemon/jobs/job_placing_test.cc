#include "daemon/jobs/job_placing.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/jobs/fake_home.h"

namespace ringmaster::daemon {
namespace {

using testing::done;
using testing::FakeHome;
using testing::FakeSource;
using testing::job_in;

class JobPlacingTest : public ::testing::Test {
 protected:
  boost::system::result<PlacedAt, NoPlace> place(std::uint32_t uid = 1000, std::uint32_t run_timeout_ms = 0) {
    JobToPlace job{};
    job.descriptor.run_timeout_ms = run_timeout_ms;
    auto placed = placing_.place(2, uid, job);
    if (placed) jobs_.add(job_in(*placed->home, placed->place.seq, uid));
    return placed;
  }
  [[nodiscard]] std::uint32_t placed_in(std::uint32_t uid = 1000) {
    const auto placed = place(uid);
    return placed ? placed->home->session().serial : 0;
  }
  void read(std::uint32_t serial, std::uint32_t seq) {
    MessageJob& job = *jobs_.find(shm::make_job_id(serial, seq));
    job.end = done(seq);
    job.delivered = true;
  }

  testing::LedgerInMemory ledger_;
  JobTable jobs_{ledger_.record.delivered};
  FakeSource source_;
  JobPlacing placing_{ledger_.record, jobs_, source_};
};

TEST_F(JobPlacingTest, JobsOfOneUserShareASessionAndOthersGetTheirOwn) {
  source_.room = 2;
  EXPECT_EQ(placed_in(1000), 1U);
  EXPECT_EQ(placed_in(1000), 1U);
  EXPECT_EQ(placed_in(1001), 2U);
}

TEST_F(JobPlacingTest, AFullSessionIsFollowedByAnotherAndTheLatestTakerIsTriedFirst) {
  EXPECT_EQ(placed_in(), 1U);
  EXPECT_EQ(placed_in(), 2U);
  read(1, 1);
  EXPECT_EQ(placed_in(), 1U) << "rather than a third session";
  read(1, 2);
  read(2, 1);
  EXPECT_EQ(placed_in(), 1U) << "the latest taker";
}

TEST_F(JobPlacingTest, AReadOutcomeGivesItsPlaceUpBeforeAnotherSessionIsOpened) {
  EXPECT_EQ(placed_in(), 1U);
  read(1, 1);
  EXPECT_EQ(placed_in(), 1U);
  EXPECT_TRUE(source_.opened[0]->released.contains(1));
  EXPECT_EQ(source_.opened.size(), 1U);
}

TEST_F(JobPlacingTest, AUserHasAFewSessionsOfAPoolAndThenTheQueueIsFull) {
  for (std::uint32_t serial = 1; serial <= HomeOrder::kMostOfOne; ++serial) EXPECT_EQ(placed_in(), serial);
  const auto none = place();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoPlace::Why::Full);
  EXPECT_EQ(refusal_of(none.error(), "images").code, RefusalCode::QueueFull);
  EXPECT_EQ(placed_in(1001), HomeOrder::kMostOfOne + 1);
}

TEST_F(JobPlacingTest, TooLittleMemoryIsNotSoughtInAnotherSession) {
  EXPECT_EQ(placed_in(), 1U);
  source_.opened[0]->shortage = shm::Shortage::Memory;
  const auto none = place();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoPlace::Why::TooLittleMemory);
  EXPECT_EQ(refusal_of(none.error(), "images").code, RefusalCode::NoMemory);
  EXPECT_EQ(source_.opened.size(), 1U);
}

TEST_F(JobPlacingTest, ASessionThatCannotBeOpenedIsToldToAUserWithoutOne) {
  source_.why_not = "no memory for segments";
  const auto none = place();
  ASSERT_FALSE(none);
  const RequestRefusal told = refusal_of(none.error(), "images");
  EXPECT_EQ(told.code, RefusalCode::NoMemory);
  EXPECT_EQ(told.why, "no memory for segments");
}

TEST_F(JobPlacingTest, ASessionThatCannotBeOpenedIsAFullQueueToAUserThatHasOne) {
  EXPECT_EQ(placed_in(), 1U);
  source_.why_not = "no memory for segments";
  const auto none = place();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoPlace::Why::Full);
}

TEST_F(JobPlacingTest, ASessionThatEndsTakesNoJobs) {
  source_.room = 2;
  EXPECT_EQ(placed_in(), 1U);
  placing_.find(1)->session().state = SessionState::Closing;
  EXPECT_EQ(placed_in(), 2U);
}

TEST_F(JobPlacingTest, TheShortestDeadlineIsDeclaredBeforeTheJobIsThere) {
  source_.room = 3;
  shm::LedgerSession& record = ledger_.record.sessions[1];
  record.serial = 1;
  for (const std::uint32_t run_timeout_ms : {500U, 200U, 300U}) ASSERT_TRUE(place(1000, run_timeout_ms));
  EXPECT_EQ(placing_.find(1)->session().shortest_run_ms, 200U);
  EXPECT_EQ(record.shortest_run_ms, 200U) << "for a successor";
}

TEST_F(JobPlacingTest, ASessionIsClosedWithTheLastOfItsJobs) {
  EXPECT_EQ(placed_in(), 1U);
  placing_.close_idle();
  EXPECT_TRUE(source_.closed.empty());
  jobs_.drop(shm::make_job_id(1, 1));
  placing_.close_idle();
  EXPECT_EQ(source_.closed, std::vector<std::uint32_t>{1});
  EXPECT_EQ(placing_.find(1), nullptr);
  EXPECT_EQ(placed_in(), 2U);
}

TEST_F(JobPlacingTest, APredecessorsSessionTakesNoJobs) {
  auto left = std::make_unique<FakeHome>(77, 10);
  left->make_predecessors();
  JobHome& home = placing_.take_over(std::move(left));
  jobs_.add(job_in(home, 1));
  EXPECT_EQ(placed_in(), 1U);
  jobs_.drop(shm::make_job_id(77, 1));
  placing_.close_idle();
  EXPECT_EQ(source_.closed, std::vector<std::uint32_t>{77});
}

}  // namespace
}  // namespace ringmaster::daemon
