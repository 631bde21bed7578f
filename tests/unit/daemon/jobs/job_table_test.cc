#include "daemon/jobs/job_table.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_job_asker.h"
#include "tests/unit/daemon/jobs/fake_home.h"

namespace ringmaster::daemon {
namespace {

using testing::done;
using testing::FakeHome;
using testing::FakeJobAsker;
using testing::job_in;

constexpr core::TimePoint kStart{std::chrono::hours{1}};

class JobTableTest : public ::testing::Test {
 protected:
  MessageJob& ended(std::uint32_t seq, core::TimePoint at = kStart) {
    MessageJob& job = jobs_.add(job_in(home_, seq));
    job.end = done(seq);
    job.ended_at = at;
    return job;
  }
  [[nodiscard]] static std::uint64_t id(std::uint32_t seq) { return shm::make_job_id(7, seq); }

  testing::LedgerInMemory ledger_;
  FakeHome home_{7, 10};
  JobTable jobs_{ledger_.record.delivered};
};

TEST_F(JobTableTest, AJobIsFoundByItsIdAndByItsUsersCookie) {
  const MessageJob& job = jobs_.add(job_in(home_, 3, 1000));
  EXPECT_EQ(jobs_.find(id(3)), &job);
  EXPECT_EQ(jobs_.find(1000, {1000, 3}), &job);
  EXPECT_EQ(jobs_.find(1001, {1000, 3}), nullptr) << "another user's cookie of the same bits";
  EXPECT_EQ(jobs_.find(id(4)), nullptr);
}

TEST_F(JobTableTest, AUserIsShownWhatItKnowsTheCookieOfAndAnAdministratorEverything) {
  const MessageJob& job = jobs_.add(job_in(home_, 3, 1000));
  const Peer owner{1000, 1, false, 1};
  const Peer other{1001, 1, false, 1};
  const Peer admin{0, 1, true, 1};
  EXPECT_EQ(jobs_.shown_to(owner, 0, {1000, 3}), &job);
  EXPECT_EQ(jobs_.shown_to(owner, id(3), {1000, 3}), &job);
  EXPECT_EQ(jobs_.shown_to(owner, id(3), {}), nullptr) << "ids can be guessed";
  EXPECT_EQ(jobs_.shown_to(other, id(3), {1000, 3}), nullptr);
  EXPECT_EQ(jobs_.shown_to(admin, id(3), {}), &job);
  EXPECT_EQ(jobs_.shown_to(admin, 0, {1000, 3}), nullptr) << "a cookie is looked up among the asker's own";
}

TEST_F(JobTableTest, ADroppedJobGivesItsPlaceBackAndIsKnownNoMore) {
  ended(3);
  shm::mark_delivered(ledger_.record.delivered, 7, 3);
  jobs_.drop(id(3));
  EXPECT_TRUE(home_.released.contains(3));
  EXPECT_FALSE(shm::is_delivered(ledger_.record.delivered, 7, 3));
  EXPECT_EQ(jobs_.find(id(3)), nullptr);
  EXPECT_EQ(jobs_.find(1000, {1000, 3}), nullptr);
}

TEST_F(JobTableTest, AForgottenJobsHomeIsLeftAlone) {
  ended(3);
  shm::mark_delivered(ledger_.record.delivered, 7, 3);
  jobs_.forget(id(3));
  EXPECT_TRUE(home_.released.empty());
  EXPECT_TRUE(shm::is_delivered(ledger_.record.delivered, 7, 3));
  EXPECT_EQ(jobs_.find(id(3)), nullptr);
}

TEST_F(JobTableTest, JobsAreListedBySession) {
  FakeHome next(8, 10);
  for (const std::uint32_t seq : {2U, 1U}) jobs_.add(job_in(home_, seq));
  jobs_.add(job_in(next, 1));
  EXPECT_EQ(jobs_.in_session(7), (std::vector<std::uint64_t>{id(1), id(2)}));
  EXPECT_TRUE(jobs_.any_in_session(8));
  EXPECT_FALSE(jobs_.any_in_session(6));
  EXPECT_FALSE(jobs_.any_in_session(9));
}

TEST_F(JobTableTest, AnOutcomeExpiresAMinuteAfterTheEnd) {
  ended(1, kStart);
  ended(2, kStart + std::chrono::seconds{1});
  jobs_.add(job_in(home_, 3));
  EXPECT_TRUE(jobs_.expired(kStart + JobTable::kKept - std::chrono::nanoseconds{1}).empty());
  EXPECT_EQ(jobs_.expired(kStart + JobTable::kKept), std::vector<std::uint64_t>{id(1)});
  EXPECT_EQ(jobs_.unfinished(), 1U);
  EXPECT_TRUE(jobs_.any_ended());
  for (const std::uint32_t seq : {1U, 2U}) jobs_.drop(id(seq));
  EXPECT_FALSE(jobs_.any_ended());
}

TEST_F(JobTableTest, TheOldestOutcomeThatWasReadGivesItsPlaceUp) {
  jobs_.add(job_in(home_, 1));
  ended(2);
  ended(3).delivered = true;
  ended(4).delivered = true;
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::Slot), id(3));
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::ResultRing), std::nullopt) << "a job before it still holds the ring";
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::RequestRing), std::nullopt) << "an ended job has none of it";
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::Memory), std::nullopt);
  jobs_.drop(id(1));
  jobs_.drop(id(2));
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::ResultRing), id(3));
}

TEST_F(JobTableTest, AnOutcomeThatSomebodyIsStillToGetIsKept) {
  MessageJob& job = ended(3);
  job.delivered = true;
  auto asker = std::make_shared<FakeJobAsker>();
  job.due.push_back(asker);
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::Slot), std::nullopt);
  asker.reset();
  EXPECT_EQ(jobs_.to_give_up(7, shm::Shortage::Slot), id(3));
}

}  // namespace
}  // namespace ringmaster::daemon
