#include "client/session/outcome_reading.h"

#include <gtest/gtest.h>

#include "proto/handler_id.h"
#include "tests/unit/client/session/session_jobs.h"

namespace ringmaster::client {
namespace {

struct Reading : testing::SessionJobs {
  SessionFacts facts = [] {
    SessionFacts one;
    one.handlers.emplace_back().name = "echo";
    return one;
  }();
  JobDrafter drafter{facts, 1 << 16, 4096};

  /// What is told of a job that ended so.
  OutcomeFacts read(const shm::JobResult& result) {
    const std::uint32_t at = submit(100);
    records[at].job.handler = wire::handler_id("echo");
    end(at, result);
    OutcomeFacts told;
    fill_facts(end_of(records[at], world.reply), records[at], world.reply, 7, drafter, told);
    return told;
  }
};

TEST(OutcomeReading, AJobThatIsDoneNamesNoHandler) {
  Reading r;
  const OutcomeFacts told = r.read({shm::SlotState::Done, Cause::Completed, 0, 10, 0, "by the way"});
  EXPECT_EQ(told.status, Status::Done);
  EXPECT_EQ(told.job_id, shm::make_job_id(7, 1));
  EXPECT_EQ(told.attempts, 1U);
  EXPECT_EQ(told.timings.run, Duration(1'000));
  EXPECT_EQ(told.message, "by the way");
  EXPECT_EQ(told.handler, "");
}

TEST(OutcomeReading, AFailureHasItsMessageFitToBeShownAndItsHandler) {
  Reading r;
  const OutcomeFacts told = r.read({shm::SlotState::Failed, Cause::Application, 0, 0, 0, "no\x1bt an image"});
  EXPECT_EQ(told.status, Status::Failed);
  EXPECT_EQ(told.message, "no?t an image");
  EXPECT_EQ(told.handler, "echo");
}

TEST(OutcomeReading, AResultThatIsTooLargeSaysWhatItNeeds) {
  Reading r;
  EXPECT_EQ(r.read({shm::SlotState::Failed, Cause::TooLarge, 0, 0, 5000, {}}).needed_bytes, 5000U);
}

TEST(OutcomeReading, AResultThatCannotBeIsSaidInWords) {
  Reading r;
  const OutcomeFacts told = r.read({shm::SlotState::Done, Cause::Completed, 0, 101, 0, "all is well"});
  EXPECT_EQ(told.status, Status::Failed);
  EXPECT_EQ(told.cause, Cause::ProtocolViolation);
  EXPECT_EQ(told.message, shm::kImpossibleEnd);
}

}  // namespace
}  // namespace ringmaster::client
