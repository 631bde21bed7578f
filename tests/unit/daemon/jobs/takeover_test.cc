#include "daemon/jobs/takeover.h"

#include <gtest/gtest.h>

#include "daemon/jobs/session_cancel.h"
#include "tests/unit/daemon/jobs/fake_home.h"

namespace ringmaster::daemon {
namespace {

/// A session of a dead supervisor's, serial 7, in plain memory.
class TakeoverTest : public ::testing::Test {
 protected:
  TakeoverTest() {
    session_.serial = 7;
    session_.index = 3;
    session_.geometry = world_.geometry;
    session_.request = world_.request;
    session_.reply = world_.reply;
  }
  std::uint32_t submit(shm::JobDescriptor job) {
    const auto slot = *world_.client.take_slot();
    slot_ = slot;
    return world_.client.publish(slot, job).seq;
  }
  static shm::JobDescriptor usual() {
    shm::JobDescriptor job{};
    job.cookie[1] = 5;
    job.submitter = 1001;
    job.request_bytes = 10;
    job.arguments_bytes = 20;
    job.result_capacity = 300;
    job.result_line = 2;
    job.submitted_ns = 9;
    job.queue_timeout_ms = 8;
    return job;
  }
  [[nodiscard]] std::vector<MessageJob> left() const { return jobs_left_in(session_, ledger_.record.delivered); }

  testing::World world_;
  testing::LedgerInMemory ledger_;
  Session session_;
  std::uint32_t slot_ = 0;
};

TEST_F(TakeoverTest, AJobIsFoundWithAllThatItsSubmitterMayAskFor) {
  const std::uint32_t seq = submit(usual());
  const auto jobs = left();
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].id, shm::make_job_id(7, seq));
  EXPECT_EQ(jobs[0].uid, 1000U);
  EXPECT_EQ(jobs[0].cookie, (JobCookie{0, 5}));
  EXPECT_EQ(jobs[0].place.slot, slot_);
  EXPECT_EQ(jobs[0].place.result.offset, 2 * shm::kCacheLine);
  EXPECT_EQ(jobs[0].result_capacity, 300U);
  EXPECT_EQ(jobs[0].bytes.value, 330U);
  EXPECT_EQ(jobs[0].submitted_ns, 9U);
  EXPECT_EQ(jobs[0].queue_timeout_ms, 8U);
  EXPECT_FALSE(jobs[0].delivered);
}

TEST_F(TakeoverTest, AnOutcomeThatTheLedgerSaysWasDeliveredIs) {
  const std::uint32_t seq = submit(usual());
  shm::mark_delivered(ledger_.record.delivered, 7, slot_);
  EXPECT_FALSE(left()[0].delivered) << "it has not ended: the mark is an older job's";
  shm::SlotWord word(world_.reply.word(slot_).load());
  ASSERT_EQ(word.seq(), seq);
  ASSERT_TRUE(shm::end_ready(world_.reply, slot_, word, Cause::Cancelled));
  EXPECT_TRUE(left()[0].delivered);
}

TEST_F(TakeoverTest, WhatNobodyCouldAskForIsLeft) {
  shm::JobDescriptor nameless = usual();
  nameless.cookie[1] = 0;
  submit(nameless);
  shm::JobDescriptor of_nobody = usual();
  of_nobody.submitter = 0;
  submit(of_nobody);
  EXPECT_TRUE(left().empty());
}

TEST_F(TakeoverTest, AResultThatDoesNotFitItsRingIsNoJob) {
  shm::JobDescriptor beyond = usual();
  beyond.result_line = static_cast<std::uint32_t>(session_.geometry.result_ring_bytes / shm::kCacheLine);
  submit(beyond);
  shm::JobDescriptor huge = usual();
  huge.result_capacity = ~std::uint64_t{0};
  submit(huge);
  EXPECT_TRUE(left().empty());
}

TEST_F(TakeoverTest, AJobsSlotIsFoundByItsSeqWhileAnythingIsInIt) {
  const std::uint32_t seq = submit(usual());
  const auto found = slot_of(session_, seq);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->slot, slot_);
  EXPECT_EQ(found->word.state(), shm::SlotState::Ready);
  EXPECT_FALSE(slot_of(session_, seq + 1).has_value());
}

}  // namespace
}  // namespace ringmaster::daemon
