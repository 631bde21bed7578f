#include "daemon/jobs/job_outcome.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "shm/job_end.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

/// A reply segment in ordinary memory with one job in slot 3 that a worker has ended.
class JobOutcomeTest : public ::testing::Test {
 protected:
  JobOutcomeTest() {
    const auto bytes = geometry_.reply_segment_bytes();
    memory_ = static_cast<std::byte*>(std::aligned_alloc(4096, bytes));
    std::memset(memory_, 0, bytes);
    reply_ = ReplyView::format({memory_, bytes}, geometry_, 1, 0, 0);
    SlotLine& line = reply_.line(3);
    line.result_seq = 9;
    line.result_bytes = 5;
    line.started_ns = 150;
    line.finished_ns = 350;
    std::memcpy(reply_.ring() + 128, "hello", 5);
  }
  ~JobOutcomeTest() override { std::free(memory_); }
  JobOutcomeTest(const JobOutcomeTest&) = delete;
  JobOutcomeTest& operator=(const JobOutcomeTest&) = delete;

  v1::Outcome outcome(SlotState state, Cause cause, std::uint16_t detail = 0) {
    v1::Outcome out;
    fill_outcome(reply_, facts, SlotWord::terminal(9, state, 1, cause, detail), out);
    return out;
  }

  JobFacts facts{77, 3, 9, 128, 64, 100};
  SessionGeometry geometry_{64, 4096, 4096};
  ReplyView reply_;

 private:
  std::byte* memory_;
};

TEST_F(JobOutcomeTest, ADoneJobBringsItsResultAndTimes) {
  const v1::Outcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(done.result(), "hello");
  EXPECT_EQ(done.job_id(), 77U);
  EXPECT_EQ(done.attempt(), 2U);
  EXPECT_EQ(done.queued_ns(), 50U);
  EXPECT_EQ(done.run_ns(), 200U);
  EXPECT_EQ(done.message(), "");
}

TEST_F(JobOutcomeTest, ADoneJobBringsItsRemarkMadeFitToShow) {
  std::memcpy(reply_.message(3).text, "by\x1bthe way", 10);
  reply_.line(3).message_bytes = 10;
  const v1::Outcome done = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(done.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(done.message(), "by?the way");
  EXPECT_EQ(done.result(), "hello");
}

TEST_F(JobOutcomeTest, AnEndInTheQueueHasItsWaitAndNoRun) {
  reply_.line(3).result_seq = 8;
  facts.ended_ns = 400;
  const v1::Outcome expired = outcome(SlotState::Failed, Cause::QueueTimeout);
  EXPECT_EQ(expired.attempt(), 1U) << "of a second attempt that never began";
  EXPECT_EQ(expired.queued_ns(), 300U);
  EXPECT_EQ(expired.run_ns(), 0U);
}

TEST_F(JobOutcomeTest, AJobThatCrashedHasItsTimes) {
  const v1::Outcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.queued_ns(), 50U);
  EXPECT_EQ(crashed.run_ns(), 200U);
}

TEST_F(JobOutcomeTest, AResultThatCannotBeIsAFailureAndNotAFault) {
  reply_.line(3).result_bytes = 65;
  const v1::Outcome lie = outcome(SlotState::Done, Cause::Completed);
  EXPECT_EQ(lie.kind(), v1::OUTCOME_FAILED);
  EXPECT_EQ(lie.cause_name(), "protocol violation");
  EXPECT_EQ(lie.message(), kImpossibleEnd);
  reply_.line(3).result_bytes = ~std::uint64_t{0};
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).kind(), v1::OUTCOME_FAILED);
  reply_.line(3).result_seq = 8;
  EXPECT_EQ(outcome(SlotState::Done, Cause::Completed).kind(), v1::OUTCOME_FAILED);
}

TEST_F(JobOutcomeTest, AFailureBringsTheHandlersMessageMadeFitToBeShown) {
  std::memcpy(reply_.message(3).text, "bad \x1b picture", 13);
  reply_.line(3).message_bytes = 13;
  const v1::Outcome failed = outcome(SlotState::Failed, Cause::Application);
  EXPECT_EQ(failed.kind(), v1::OUTCOME_FAILED);
  EXPECT_EQ(failed.message(), "bad ? picture");
  reply_.line(3).message_bytes = 0xFFFFFFFF;
  EXPECT_LE(outcome(SlotState::Failed, Cause::Application).message().size(), kMessageBytes);
}

TEST_F(JobOutcomeTest, AWorkersWordsGoBeforeASentence) {
  std::memcpy(reply_.message(3).text, "stopped at page 3", 17);
  reply_.line(3).message_bytes = 17;
  EXPECT_EQ(outcome(SlotState::Failed, Cause::RunTimeout).message(), "stopped at page 3");
  EXPECT_EQ(outcome(SlotState::Failed, Cause::OutOfMemory).message(), "the worker was killed for the memory it used");
}

TEST_F(JobOutcomeTest, CausesHaveKindsAndSentences) {
  const v1::Outcome crashed = outcome(SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crashed.kind(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(crashed.detail(), 11U);
  EXPECT_EQ(crashed.message(), "the worker died by SIGSEGV");
  reply_.line(3).needed_bytes = 1000;
  const v1::Outcome large = outcome(SlotState::Failed, Cause::TooLarge);
  EXPECT_EQ(large.kind(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(large.needed_bytes(), 1000U);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::RunTimeout).kind(), v1::OUTCOME_TIMED_OUT);
  EXPECT_EQ(outcome(SlotState::Cancelled, Cause::Cancelled).kind(), v1::OUTCOME_CANCELLED);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::Lost).kind(), v1::OUTCOME_LOST);
  EXPECT_EQ(outcome(SlotState::Failed, Cause::None).kind(), v1::OUTCOME_FAILED);
  for (int cause = 2; cause <= 255; ++cause) {
    const v1::Outcome any = outcome(SlotState::Failed, static_cast<Cause>(cause));
    EXPECT_NE(any.kind(), v1::OUTCOME_UNSPECIFIED);
    EXPECT_NE(any.message(), "");
  }
}

}  // namespace
}  // namespace ringmaster
