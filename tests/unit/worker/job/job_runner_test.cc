#include "worker/job/job_runner.h"

#include <gmock/gmock.h>

#include "tests/unit/worker/job/worker_rig.h"

namespace ringmaster::worker {
namespace {

using testing::HasSubstr;

TEST_F(WorkerRig, RefusesJobsOfAUserThatIsRefusedAndSaysWhy) {
  const auto charge = [this](std::uint64_t until) {
    const shm::ChargedUser user{1000, 21, until};
    shm::write_charges(*control_, {&user, 1});
    shm::ChargedUsers users;
    ASSERT_TRUE(users.read(*control_));
    sessions_.set_charges(users);
  };
  charge(monotonic_now_ns() + 30'000'000'000);
  submit("echo", "hello");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Failed);
  EXPECT_EQ(word().cause(), Cause::Refused);
  EXPECT_THAT(message(), HasSubstr("jobs of uid 1000 ended 21 workers"));
  EXPECT_THAT(message(), HasSubstr("for another 30 s"));
  EXPECT_EQ(self_.lane->counters.refused, 1U);
  EXPECT_EQ(shm::finished_jobs(self_.lane->counters), 0U) << "it proves nothing about the worker";
  EXPECT_EQ(self_.lane->last_user, 0U);
  // What is left of a charge that is over refuses nobody.
  charge(1);
  submit("echo", "hello");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
}

TEST_F(WorkerRig, SaysWhoseJobItRanLastAndWhenThatEnded) {
  EXPECT_EQ(self_.lane->counters.ended_ns, 0U);
  submit("echo", "hello");
  const std::uint64_t before = monotonic_now_ns();
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(self_.lane->last_user, 1001U);
  EXPECT_GE(self_.lane->counters.ended_ns, before);
  EXPECT_EQ(self_.lane->counters.ended_ns, runner_->ended_ns());
}

TEST_F(WorkerRig, RunsAJobInPlace) {
  submit("echo", "hello");
  EXPECT_TRUE(sessions_.has_ready_job());
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(word().seq(), seq_);
  EXPECT_EQ(reply_.line(0).result_bytes, 5U);
  EXPECT_EQ(std::memcmp(reply_.ring(), "hello", 5), 0);
  EXPECT_EQ(self_.lane->words.intent.load(), 0U);
  EXPECT_EQ(self_.lane->counters.done.load(), 1U);
  EXPECT_EQ(self_.lane->counters.bytes_in.load(), 5U);
  EXPECT_EQ(self_.lane->counters.bytes_out.load(), 5U);
  EXPECT_FALSE(sessions_.has_ready_job());
}

TEST_F(WorkerRig, TellsADoneJobsRemark) {
  submit("remark", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(message(), "by the way");
  submit("echo", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(message(), "") << "its own job's only";
}

TEST_F(WorkerRig, ReportsEachWayToFail) {
  submit("throw", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Application);
  EXPECT_EQ(message(), "as told");
  submit("nobody", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::UnknownHandler);
  submit("echo", "12345", 0, 4);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::TooLarge);
  EXPECT_EQ(reply_.line(0).needed_bytes, 5U);
  submit("stop", "");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Cancelled);
  EXPECT_EQ(self_.lane->counters.failed.load(), 3U);
  EXPECT_EQ(self_.lane->counters.cancelled.load(), 1U);
}

TEST_F(WorkerRig, DoesNotStartWhatIsCancelledOrExpired) {
  submit("echo", "x");
  request_.cancel(0).store(seq_);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Cancelled);
  submit("echo", "x");
  request_.descriptor(0).submitted_ns = 1;
  request_.descriptor(0).queue_timeout_ms = 1;
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::QueueTimeout);
  const auto sum = [](const shm::Word64(&buckets)[shm::kTimeBuckets]) {
    std::uint64_t count = 0;
    for (const shm::Word64& one : buckets) count += one.load();
    return count;
  };
  EXPECT_EQ(sum(self_.lane->queue_buckets), 2U);
  EXPECT_EQ(sum(self_.lane->run_buckets), 0U) << "what never ran took no time";
  EXPECT_EQ(reply_.line(0).started_ns, reply_.line(0).finished_ns);
}

TEST_F(WorkerRig, FinishesAnImpossibleDescriptorAsInvalid) {
  for (const int which : {0, 1, 2, 3}) {
    submit("echo", "x");
    shm::JobDescriptor& job = request_.descriptor(0);
    if (which == 0) job.request_line = 0xFFFFFFFE;
    if (which == 1) job.request_bytes = UINT64_MAX;
    if (which == 2) job.result_capacity = (1 << 20) + 1;
    if (which == 3) job.seq += 1;
    EXPECT_EQ(run_next(), RunStatus::BadDescriptor) << which;
    EXPECT_EQ(word().cause(), Cause::Invalid);
  }
}

TEST_F(WorkerRig, NoticesATamperedWordAndAVerdict) {
  submit("tamper", "");
  EXPECT_EQ(run_next(), RunStatus::Tampered);
  EXPECT_EQ(self_.lane->counters.tampered.load(), 1U);
  EXPECT_EQ(self_.lane->words.intent.load(), 0U);
  submit("tamper", "");
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  control_->hold.store(1);
  EXPECT_EQ(run(*from, claimed), RunStatus::Held);
  EXPECT_NE(self_.lane->words.intent.load(), 0U);
}

TEST_F(WorkerRig, ClaimsNothingWhileHeld) {
  submit("echo", "x");
  control_->hold.store(1);
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  EXPECT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Held);
  control_->hold.store(0);
  EXPECT_EQ(run_next(), RunStatus::Finished);
}

TEST_F(WorkerRig, CopiesInWhatAnotherUserSent) {
  const auto in_place = [&] {
    const auto* begin = session_->request_memory.bytes().data();
    return seen_ >= begin && seen_ < begin + session_->request_memory.bytes().size();
  };
  submit("where", "x");
  (void)run_next();
  EXPECT_TRUE(in_place());
  session_->about.same_uid = false;
  submit("where", "x");
  (void)run_next();
  EXPECT_FALSE(in_place());
  runner_->copy_in_up_to(4);
  submit("where", "12345");
  (void)run_next();
  EXPECT_FALSE(in_place());
  submit("safe", "1234");
  (void)run_next();
  EXPECT_FALSE(in_place());
  submit("safe", "12345");
  (void)run_next();
  EXPECT_TRUE(in_place());
}

TEST_F(WorkerRig, WhatAHandlerWritesToItsInputIsSeenByNobodyElse) {
  const auto result = [this] { return std::string(reinterpret_cast<const char*>(reply_.ring()), 9); };
  submit("scribble", "ab");
  (void)run_next();
  EXPECT_EQ(result(), "nowhereab") << "no private memory was mapped for this session";
  session_->private_requests = PrivateRequests::map(request_fd_.get(), session_->request_memory.bytes());
  submit("scribble", "ab", 1);  // In the page of slot 0's request.
  (void)run_next();
  EXPECT_EQ(result(), "writtenab") << "read-only, as the client wrote it";
  submit("scribble", "cd", 1);
  (void)run_next();
  EXPECT_EQ(result(), "writtencd");
  submit("upper", "ef", 1);
  (void)run_next();
  EXPECT_EQ(result().substr(0, 2), "EF") << "no page of the last job is left";
  session_->about.same_uid = false;
  submit("upper", "gh", 1);
  (void)run_next();
  EXPECT_EQ(result().substr(0, 2), "GH") << "a copy may be written as well";
}

TEST_F(WorkerRig, AnOpenJobEndsWhenItsHostSays) {
  submit("echo", "x");
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  ASSERT_NE(runner_->begin(*from, claimed), nullptr);
  EXPECT_EQ(word().state(), shm::SlotState::Running);
  rm_job* const job = runner_->job();
  std::memcpy(job->calls->reserve(job, 5), "later", 5);
  job->calls->commit(job, 5);
  EXPECT_EQ(runner_->end(RM_DONE), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(std::memcmp(reply_.ring(), "later", 5), 0);
}

TEST_F(WorkerRig, TakesTurnsBetweenUsersThenSessions) {
  // Session 1 is uid 1000's; two more are uid 2000's. Each has plenty to do.
  const auto fill = [&] {
    for (std::uint32_t slot = 0; slot < 8; ++slot) submit("echo", "", slot);
  };
  fill();
  attach(2, 2, 2000, 0, 1);
  fill();
  attach(3, 3, 2000, 0, 2);
  fill();
  std::string order;
  for (int i = 0; i < 9; ++i) {
    AttachedSession* from = nullptr;
    shm::Claim claimed;
    ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
    order += std::to_string(from->about.index);
    EXPECT_EQ(run(*from, claimed), RunStatus::Finished);
  }
  EXPECT_EQ(order, "121331213");
  sessions_.remove(1);
  EXPECT_EQ(sessions_.at(1), nullptr);
  EXPECT_TRUE(sessions_.has_ready_job());
}

TEST_F(WorkerRig, ServesTheHigherClassFirst) {
  submit("echo", "", 0);
  attach(2, 2, 1000, 1, 1);
  submit("echo", "", 0);
  AttachedSession* from = nullptr;
  shm::Claim claimed;
  ASSERT_EQ(sessions_.claim_next(self_, 1, claimed, from), shm::ClaimStatus::Claimed);
  EXPECT_EQ(from->about.index, 1U);
}

}  // namespace
}  // namespace ringmaster::worker
