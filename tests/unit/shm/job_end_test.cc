#include "shm/job_end.h"

#include <gtest/gtest.h>

namespace ringmaster::shm {
namespace {

constexpr SubmittedJob kJob{9, 0, 100, 64};

/// The line of a job that its worker has told all about.
struct Told {
  Told() {
    line.result_seq = 9;
    line.started_ns = 150;
    line.finished_ns = 350;
    line.result_bytes = 5;
    line.needed_bytes = 1000;
    line.message_bytes = 7;
  }
  mutable SlotLine line{};
};

JobEnd read(const Told& told, SlotState state, Cause cause, std::uint16_t detail = 0) {
  return read_end(told.line, SlotWord::terminal(9, state, 1, cause, detail), kJob, 0);
}

TEST(JobEnd, OfAJobThatIsDoneHasItsResultTimesAndRemark) {
  const JobEnd end = read(Told(), SlotState::Done, Cause::Completed);
  EXPECT_EQ(end.status, Status::Done);
  EXPECT_EQ(end.cause, Cause::Completed);
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_EQ(end.queued_ns, 50U);
  EXPECT_EQ(end.run_ns, 200U);
  EXPECT_EQ(end.result_bytes, 5U);
  EXPECT_EQ(end.message_bytes, 7U);
  EXPECT_EQ(end.needed_bytes, 0U);
}

TEST(JobEnd, AResultThatCannotBeIsAFailureOfItsWorker) {
  const Told large;
  large.line.result_bytes = 65;
  const Told others;
  others.line.result_seq = 8;
  for (const Told* told : {&large, &others}) {
    const JobEnd end = read(*told, SlotState::Done, Cause::Completed);
    EXPECT_EQ(end.status, Status::Failed);
    EXPECT_EQ(end.cause, Cause::ProtocolViolation);
    EXPECT_TRUE(end.impossible);
    EXPECT_EQ(end.result_bytes, 0U);
    EXPECT_EQ(end.message_bytes, 0U);
    EXPECT_EQ(end.attempts, 2U);
  }
  EXPECT_TRUE(read(Told(), SlotState::Failed, Cause::Completed).impossible) << "it failed, and says that it did not";
}

TEST(JobEnd, OfAResultThatOutgrewItsExtentTellsItsSize) {
  const Told large;
  large.line.result_bytes = 65;
  const JobEnd done = read(large, SlotState::Done, Cause::Completed, kDetailSpilled);
  EXPECT_TRUE(done.spilled);
  EXPECT_EQ(done.status, Status::Done);
  EXPECT_EQ(done.cause, Cause::Completed);
  EXPECT_EQ(done.result_bytes, 65U);
  EXPECT_EQ(done.detail, 0U) << "the mark is not for callers";
  EXPECT_EQ(done.run_ns, 200U);
  EXPECT_EQ(done.message_bytes, 7U);
  const JobEnd failed = read(large, SlotState::Failed, Cause::Application, kDetailSpilled);
  EXPECT_TRUE(failed.spilled);
  EXPECT_EQ(failed.status, Status::Failed);
  EXPECT_EQ(failed.result_bytes, 65U);
}

TEST(JobEnd, OnlyAToldResultAboveTheCapacityOutgrewIt) {
  const Told fits;
  EXPECT_FALSE(read(fits, SlotState::Done, Cause::Completed, kDetailSpilled).spilled);
  EXPECT_TRUE(read(fits, SlotState::Failed, Cause::Application, kDetailSpilled).impossible);
  const Told others;
  others.line.result_seq = 8;
  others.line.result_bytes = 65;
  EXPECT_TRUE(read(others, SlotState::Done, Cause::Completed, kDetailSpilled).impossible);
  const Told large;
  large.line.result_bytes = 65;
  for (const Cause cause : {Cause::CrashedExit, Cause::TooLarge, Cause::Invalid}) {
    const JobEnd end = read(large, SlotState::Failed, cause, kDetailSpilled);
    EXPECT_FALSE(end.spilled);
    EXPECT_EQ(end.detail, kDetailSpilled);
  }
  EXPECT_TRUE(read(large, SlotState::Done, Cause::Completed, 2).impossible);
}

TEST(JobEnd, ThatSaysNoCauseIsAFailure) {
  const JobEnd end = read(Told(), SlotState::Failed, Cause::None);
  EXPECT_EQ(end.status, Status::Failed);
  EXPECT_EQ(end.cause, Cause::None);
  EXPECT_FALSE(end.impossible);
}

TEST(JobEnd, StatusAndCauseFollowTheWord) {
  EXPECT_EQ(read(Told(), SlotState::Failed, Cause::Cancelled).status, Status::Cancelled) << "its handler listened";
  EXPECT_EQ(read(Told(), SlotState::Cancelled, Cause::Lost).cause, Cause::Cancelled);
  EXPECT_EQ(read(Told(), SlotState::Cancelled, Cause::CancelledByForce).cause, Cause::CancelledByForce);
  const JobEnd crash = read(Told(), SlotState::Failed, Cause::CrashedSignal, 11);
  EXPECT_EQ(crash.status, Status::Crashed);
  EXPECT_EQ(crash.detail, 11U);
  for (int cause = 2; cause <= static_cast<int>(kLastCause); ++cause) {
    const JobEnd end = read(Told(), SlotState::Failed, static_cast<Cause>(cause));
    EXPECT_EQ(end.status, status_of(static_cast<Cause>(cause))) << cause;
    EXPECT_EQ(end.cause, static_cast<Cause>(cause));
  }
}

TEST(JobEnd, AWorkersMessageIsOfTheEndsThatAWorkerWrites) {
  for (const Cause cause : {Cause::Application, Cause::Invalid, Cause::TooLarge, Cause::UnknownHandler,
                            Cause::QueueTimeout, Cause::RunTimeout, Cause::Cancelled, Cause::Refused})
    EXPECT_EQ(read(Told(), SlotState::Failed, cause).message_bytes, 7U) << to_string(cause);
  for (const Cause cause : {Cause::CrashedSignal, Cause::CrashedExit, Cause::OutOfMemory, Cause::Poisoned, Cause::Lost,
                            Cause::ProtocolViolation})
    EXPECT_EQ(read(Told(), SlotState::Failed, cause).message_bytes, 0U) << to_string(cause);
  const Told told;
  told.line.message_bytes = 0xFFFFFFFF;
  EXPECT_EQ(read(told, SlotState::Failed, Cause::Application).message_bytes, kMessageBytes);
  EXPECT_EQ(read(told, SlotState::Done, Cause::Completed).message_bytes, kMessageBytes);
  told.line.result_seq = 8;
  EXPECT_EQ(read(told, SlotState::Failed, Cause::Application).message_bytes, 0U) << "the line is another job's";
}

TEST(JobEnd, OnlyAFailureOfItsHandlerHasAResultBesideIt) {
  EXPECT_EQ(read(Told(), SlotState::Failed, Cause::Application).result_bytes, 5U);
  EXPECT_EQ(read(Told(), SlotState::Failed, Cause::Invalid).result_bytes, 0U);
  const Told large;
  large.line.result_bytes = 65;
  EXPECT_EQ(read(large, SlotState::Failed, Cause::Application).result_bytes, 0U);
}

TEST(JobEnd, OnlyATooLargeResultNeedsRoom) {
  EXPECT_EQ(read(Told(), SlotState::Failed, Cause::TooLarge).needed_bytes, 1000U);
  EXPECT_EQ(read(Told(), SlotState::Failed, Cause::Application).needed_bytes, 0U);
  const Told others;
  others.line.result_seq = 8;
  EXPECT_EQ(read(others, SlotState::Failed, Cause::TooLarge).needed_bytes, 0U);
}

TEST(JobEnd, AnEndInTheQueueIsTimedByWhoSeesIt) {
  SlotLine line{};
  line.result_seq = 8;  // of the slot's job before
  line.started_ns = 1;
  line.finished_ns = 500;
  const SlotWord refused = SlotWord::terminal(9, SlotState::Failed, 0, Cause::Refused);
  JobEnd end = read_end(line, refused, {9, 0, 100, 0}, 350);
  EXPECT_FALSE(end.told);
  EXPECT_EQ(end.attempts, 0u);
  EXPECT_EQ(end.queued_ns, 250u);
  EXPECT_EQ(end.run_ns, 0u);
  const SlotWord expired = SlotWord::terminal(9, SlotState::Failed, 1, Cause::QueueTimeout);
  end = read_end(line, expired, {9, 2, 100, 0}, 90'000'100);
  EXPECT_EQ(end.attempts, 1u) << "it had run before, and was tried again";
  EXPECT_EQ(end.queued_ns, 2'000'000u) << "seen long after its queue timeout";
}

TEST(JobEnd, AJobThatWasCancelledWhileItRanHasRun) {
  SlotLine line{};
  line.result_seq = 9;
  line.started_ns = 150;
  line.finished_ns = 500;
  const JobEnd end =
      read_end(line, SlotWord::terminal(9, SlotState::Cancelled, 0, Cause::Cancelled), {9, 0, 100, 0}, 600);
  EXPECT_EQ(end.attempts, 1u);
  EXPECT_EQ(end.queued_ns, 50u);
  EXPECT_EQ(end.run_ns, 350u);
}

TEST(JobEnd, ACrashWhoseTimesAreLostHasNone) {
  SlotLine line{};
  const JobEnd end =
      read_end(line, SlotWord::terminal(9, SlotState::Failed, 0, Cause::CrashedSignal), {9, 0, 100, 0}, 600);
  EXPECT_EQ(end.attempts, 1u);
  EXPECT_EQ(end.queued_ns, 0u);
  EXPECT_EQ(end.run_ns, 0u);
}

TEST(Cause, SaysWhetherTheWorkerWentAlong) {
  for (const Cause cause :
       {Cause::CrashedSignal, Cause::CrashedExit, Cause::OutOfMemory, Cause::Poisoned, Cause::RunTimeout}) {
    EXPECT_TRUE(took_its_worker(cause)) << to_string(cause);
  }
  for (const Cause cause : {Cause::Completed, Cause::Application, Cause::QueueTimeout, Cause::Cancelled, Cause::Lost}) {
    EXPECT_FALSE(took_its_worker(cause)) << to_string(cause);
  }
}

}  // namespace
}  // namespace ringmaster::shm
