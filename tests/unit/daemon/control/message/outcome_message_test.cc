#include "daemon/control/message/outcome_message.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

JobOutcome crashed() {
  JobOutcome outcome;
  outcome.job_id = 77;
  outcome.status = Status::Crashed;
  outcome.cause = Cause::CrashedSignal;
  outcome.detail = 11;
  outcome.message = "the worker died by SIGSEGV";
  outcome.attempt = 2;
  outcome.queued_ns = 50;
  outcome.run_ns = 200;
  outcome.death = WorkerDeath{"images[1]", "scale", "scale (scale.cc:12)", "nothing is mapped at 0x0", "in /cores"};
  return outcome;
}

TEST(OutcomeMessage, HasAllOfTheOutcome) {
  const v1::Outcome message = outcome_message(crashed());
  EXPECT_EQ(message.job_id(), 77U);
  EXPECT_EQ(message.kind(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(message.cause(), static_cast<std::uint32_t>(Cause::CrashedSignal));
  EXPECT_EQ(message.cause_name(), to_string(Cause::CrashedSignal));
  EXPECT_EQ(message.detail(), 11U);
  EXPECT_EQ(message.message(), "the worker died by SIGSEGV");
  EXPECT_EQ(message.attempt(), 2U);
  EXPECT_EQ(message.queued_ns(), 50U);
  EXPECT_EQ(message.run_ns(), 200U);
  EXPECT_EQ(message.worker(), "images[1]");
  EXPECT_EQ(message.handler(), "scale");
  EXPECT_EQ(message.stack(), "scale (scale.cc:12)");
  EXPECT_EQ(message.what(), "nothing is mapped at 0x0");
  EXPECT_EQ(message.core(), "in /cores");
}

TEST(OutcomeMessage, BringsAResultOfAnyBytes) {
  JobOutcome outcome;
  outcome.status = Status::Done;
  outcome.cause = Cause::Completed;
  outcome.result = std::string("a\0b", 3);
  outcome.message = "by the way";
  const v1::Outcome message = outcome_message(outcome);
  EXPECT_EQ(message.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(message.result(), std::string("a\0b", 3));
  EXPECT_EQ(message.message(), "by the way");
  EXPECT_EQ(message.worker(), "");
}

TEST(OutcomeMessage, HasTheRoomThatAResultNeeds) {
  JobOutcome outcome;
  outcome.status = Status::Refused;
  outcome.cause = Cause::TooLarge;
  outcome.needed_bytes = 1000;
  EXPECT_EQ(outcome_message(outcome).needed_bytes(), 1000U);
}

TEST(OutcomeMessage, EachStatusHasItsKindOnTheWire) {
  const std::vector<std::pair<Status, v1::OutcomeKind>> kinds = {{Status::Done, v1::OUTCOME_DONE},
                                                                 {Status::Failed, v1::OUTCOME_FAILED},
                                                                 {Status::Crashed, v1::OUTCOME_CRASHED},
                                                                 {Status::TimedOut, v1::OUTCOME_TIMED_OUT},
                                                                 {Status::Cancelled, v1::OUTCOME_CANCELLED},
                                                                 {Status::Refused, v1::OUTCOME_REFUSED},
                                                                 {Status::Lost, v1::OUTCOME_LOST}};
  for (const auto& [status, on_the_wire] : kinds) EXPECT_EQ(outcome_kind(status), on_the_wire);
}

TEST(JobReply, IsOfTheAnswersKind) {
  EXPECT_EQ(job_reply(JobAccepted{7}).accepted().job_id(), 7U);
  const v1::Reply cancelled = job_reply(JobCancelled{true, false});
  EXPECT_TRUE(cancelled.cancelled().was_queued());
  EXPECT_FALSE(cancelled.cancelled().already_ended());
  EXPECT_TRUE(job_reply(JobCancelled{false, true}).cancelled().already_ended());
  EXPECT_EQ(job_reply(crashed()).outcome().job_id(), 77U);
  const v1::Reply refused = job_reply(RequestRefusal{RefusalCode::TooLarge, "too much", 5, 4});
  EXPECT_EQ(refused.error().code(), v1::ERROR_TOO_LARGE);
  EXPECT_EQ(refused.error().message(), "too much");
  EXPECT_EQ(refused.error().needed(), 5U);
  EXPECT_EQ(refused.error().limit(), 4U);
}

TEST(JobReply, OfAStackHasEveryFrame) {
  const v1::Stack stack =
      job_reply(JobStack{7, *crashed().death, "scale (scale.cc:12)\nmain", "segmentation fault"}).stack();
  EXPECT_EQ(stack.job_id(), 7U);
  EXPECT_EQ(stack.stack(), "scale (scale.cc:12)");
  EXPECT_EQ(stack.full_stack(), "scale (scale.cc:12)\nmain");
  EXPECT_EQ(stack.cause(), "segmentation fault");
  EXPECT_EQ(stack.worker(), "images[1]");
  EXPECT_EQ(stack.handler(), "scale");
  EXPECT_EQ(stack.what(), "nothing is mapped at 0x0");
  EXPECT_EQ(stack.core(), "in /cores");
}

}  // namespace
}  // namespace ringmaster::daemon
