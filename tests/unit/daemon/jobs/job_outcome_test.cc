#include "daemon/jobs/job_outcome.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "shm/job_end.h"

namespace ringmaster::daemon {
namespace {

using shm::SlotState;

/// A reply segment in ordinary memory with one job in slot 3 that a worker has ended.
class JobOutcomeTest : public ::testing::Test {
 protected:
  JobOutcomeTest() {
    const auto bytes = geometry_.reply_segment_bytes();
    memory_ = static_cast<std::byte*>(std::aligned_alloc(4096, bytes));
    std::memset(memory_, 0, bytes);
    reply_ = shm::ReplyView::format({memory_, bytes}, geometry_, 1, 0, 0);
    shm::SlotLine& line = reply_.line(3);
    line.result_seq = 9;
    line.result_bytes = 5;
    line.started_ns = 150;
    line.finished_ns = 350;
    std::memcpy(reply_.ring() + 128, "hello", 5);
  }
  ~JobOutcomeTest() override { std::free(memory_); }
  JobOutcomeTest(const JobOutcomeTest&) = delete;
  JobOutcomeTest& operator=(const JobOutcomeTest&) = delete;

  JobOutcome outcome(SlotState state, Cause cause, std::uint16_t detail = 0) {
    return read_outcome(reply_, facts, shm::SlotWord::terminal(9, state, 1, cause, detail));
  }

  JobFacts facts{77, 3, 9, 128, 64, 100};
  shm::SessionGeometry geometry_{64, 4096, 4096};
  shm::ReplyView reply_;

 private:
  std::byte* memory_;
};

TEST_F(JobOutcomeTest, ADoneJobBringsItsResultAndTimes) {
  const JobOutcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.status, Status::Done);
  EXPECT_EQ(done.result, "hello");
  EXPECT_EQ(done.job_id, 77U);
  EXPECT_EQ(done.attempt, 2U);
  EXPECT_EQ(done.queued_ns, 50U);
  EXPECT_EQ(done.run_ns, 200U);
  EXPECT_EQ(done.message, "");
}

TEST_F(JobOutcomeTest, ADoneJobBringsItsRemarkMadeFitToShow) {
  std::memcpy(reply_.message(3).text, "by\x1bthe way", 10);
  reply_.line(3).message_bytes = 10;
  const JobOutcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.status, Status::Done);
  EXPECT_EQ(done.message, "by?the way");
  EXPECT_EQ(done.result, "hello");
}

TEST_F(JobOutcomeTest, AnEndInTheQueueHasItsWaitAndNoRun) {
  reply_.line(3).result_seq = 8;
  facts.ended_ns = 400;
  const JobOutcome expired = outcome(SlotState::Failed, Cause::QueueTimeout);
  EXPECT_EQ(expired.attempt, 1U) << "of a second attempt that never began";
  EXPECT_EQ(expired.queued_ns, 300U);
  EXPECT_EQ(expired.run_ns, 0U);
}

TEST_F(JobOutcomeTest, AJobThatCrashedHasItsTimes) {
  const JobOutcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.queued_ns, 50U);
  EXPECT_EQ(crashed.run_ns, 200U);
}

TEST_F(JobOutcomeTest, AResultThatCannotBeIsAFailureAndNotAFault) {
  reply_.line(3).result_bytes = 65;
  const JobOutcome lie = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(lie.status, Status::Failed);
  EXPECT_EQ(lie.cause, Cause::ProtocolViolation);
  EXPECT_EQ(lie.message, shm::kImpossibleEnd);
  reply_.line(3).result_bytes = ~std::uint64_t{0};
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).status, Status::Failed);
  reply_.line(3).result_seq = 8;
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).status, Status::Failed);
}

TEST_F(JobOutcomeTest, AFailureBringsTheHandlersMessageMadeFitToBeShown) {
  std::memcpy(reply_.message(3).text, "bad \x1b picture", 13);
  reply_.line(3).message_bytes = 13;
  const JobOutcome failed = outcome(SlotState::Failed, Cause::Application);
  EXPECT_EQ(failed.status, Status::Failed);
  EXPECT_EQ(failed.message, "bad ? picture");
  reply_.line(3).message_bytes = 0xFFFFFFFF;
  EXPECT_LE(outcome(SlotState::Failed, Cause::Application).message.size(), shm::kMessageBytes);
}

TEST_F(JobOutcomeTest, AWorkersWordsGoBeforeASentence) {
  std::memcpy(reply_.message(3).text, "stopped at page 3", 17);
  reply_.line(3).message_bytes = 17;
  EXPECT_EQ(outcome(SlotState::Failed, Cause::RunTimeout).message, "stopped at page 3");
  EXPECT_EQ(outcome(SlotState::Failed, Cause::OutOfMemory).message, "the worker was killed for the memory it used");
}

TEST_F(JobOutcomeTest, CausesHaveKindsAndSentences) {
  const JobOutcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.status, Status::Crashed);
  EXPECT_EQ(crashed.detail, 11U);
  EXPECT_EQ(crashed.message, "the worker died by SIGSEGV");
  reply_.line(3).needed_bytes = 1000;
  const JobOutcome large = outcome(SlotState::Failed, Cause::TooLarge);
  EXPECT_EQ(large.status, Status::Refused);
  EXPECT_EQ(large.needed_bytes, 1000U);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::RunTimeout).status, Status::TimedOut);
  EXPECT_EQ(outcome(SlotState::Cancelled, Cause::Cancelled).status, Status::Cancelled);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::Lost).status, Status::Lost);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::None).status, Status::Failed);
  for (int cause = 2; cause <= 255; ++cause) {
    const JobOutcome any = outcome(SlotState::Failed, static_cast<Cause>(cause));
    EXPECT_NE(any.message, "");
  }
}

}  // namespace
}  // namespace ringmaster::daemon
