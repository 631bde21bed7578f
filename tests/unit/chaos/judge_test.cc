#include <gtest/gtest.h>

#include "client/types/refusal.h"
#include "proto/control.pb.h"
#include "tests/unit/chaos/planted_history.h"

// One planted history for each rule: what the judge must find, and next to it what it must not.
namespace ringmaster::chaos {
namespace {

using ChaosJudge = Planted;

TEST_F(ChaosJudge, FindsNothingInARunAsItShouldBe) {
  submitted();
  accepted();
  begins(12);
  ends(13);
  done(14);
  client_left();
  expect_clean();
}

TEST_F(ChaosJudge, AnAcceptedJobWithoutAnOutcomeIsFound) {
  submitted();
  accepted();
  client_left();
  expect_broken(Rule::OneOutcome);
}

TEST_F(ChaosJudge, AJobWhoseClientWasKilledNeedsNone) {
  submitted();
  accepted();
  client_killed();
  expect_clean();
}

TEST_F(ChaosJudge, AJobWhoseSessionWasClosedNeedsNone) {
  submitted();
  accepted();
  add({at(20), Kind::Dropped, kJob, {}, {}});
  client_left();
  expect_clean();
}

TEST_F(ChaosJudge, AClientThatDidNotLeaveIsFoundWithWhatItWaitedFor) {
  submitted();
  accepted();
  add({at(90'000), Kind::ClientEnds, make_job(1, 1, 0), {1, 1, 9, 0, 1}, {}});
  const auto found = breaches();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].rule, Rule::OneOutcome);
  EXPECT_EQ(found[1].rule, Rule::ClientsLive);
}

TEST_F(ChaosJudge, TwoOutcomesAreFound) {
  submitted();
  accepted();
  begins(12);
  ends(13);
  done(14);
  done(15);
  client_left();
  expect_broken(Rule::OneOutcome);
}

TEST_F(ChaosJudge, AReplyThatNobodyAskedForIsFound) {
  add({at(15), Kind::Stray, 0, {}, "a reply to question 9"});
  client_left();
  expect_broken(Rule::OneAnswer);
}

TEST_F(ChaosJudge, TheSameQuestionWithAnotherAnswerIsFound) {
  submitted();
  begins(12);
  ends(13);
  done(14);
  add({at(15), Kind::SameAgain, kJob, {static_cast<std::int64_t>(Status::Crashed), 8, 9, 1}, {}});
  client_left();
  expect_broken(Rule::OneAnswer);
}

TEST_F(ChaosJudge, AForeignAShortAndAMixedResultAreFound) {
  for (const Verdict content : {Verdict::Foreign, Verdict::Short, Verdict::Mixed}) {
    history_.jobs.clear();
    submitted();
    accepted();
    begins(12);
    ends(13);
    outcome(14, Status::Done, Cause::Completed, 1, 0, "byte 8", content);
    if (history_.clients.begin()->second.left_ns == 0) client_left();
    expect_broken(Rule::OwnResult);
  }
}

TEST_F(ChaosJudge, AForeignRequestIsFound) {
  submitted();
  accepted();
  begins(12);
  add({at(12), Kind::BadRequest, kJob, {1, kWorker}, "foreign"});
  ends(13);
  done(14);
  client_left();
  expect_broken(Rule::OwnRequest);
}

TEST_F(ChaosJudge, AJobThatIsNotIdempotentAndRunsTwiceIsFound) {
  submitted();
  accepted();
  begins(12);
  begins(14, 2, kWorker + 1);
  ends(15, 2, kWorker + 1);
  done(16, 2);
  client_left();
  expect_broken(Rule::RunsOnce);
}

TEST_F(ChaosJudge, AlsoWhereItsClientIsDead) {
  submitted();
  begins(12);
  begins(14, 2, kWorker + 1);
  client_killed();
  expect_broken(Rule::RunsOnce);
}

TEST_F(ChaosJudge, AnIdempotentOneMayRunAgain) {
  plan_.idempotent = true;
  submitted();
  accepted();
  begins(12);
  killed(13);
  begins(14, 2, kWorker + 1);
  ends(15, 2, kWorker + 1);
  done(16, 2);
  client_left();
  expect_clean();
}

TEST_F(ChaosJudge, ButNotMoreOftenThanItsPoolAllows) {
  plan_.idempotent = true;
  submitted();
  accepted();
  for (int attempt = 1; attempt <= 4; ++attempt) {
    begins(10 + 2 * static_cast<std::uint64_t>(attempt), attempt, kWorker + attempt);
    killed(11 + 2 * static_cast<std::uint64_t>(attempt), 9, kWorker + attempt);
  }
  client_killed();
  expect_broken(Rule::FewAttempts);
}

TEST_F(ChaosJudge, AskedOnceMoreWithMoreRoomItIsAnotherJobToTheDaemon) {
  plan_.idempotent = true;
  plan_.capacity = 10;
  submitted();
  accepted();
  for (int id = 1; id <= 2; ++id)
    for (int attempt = 1; attempt <= 3; ++attempt) {
      const int step = 10 * id + attempt;
      begins(12U + static_cast<unsigned>(step), attempt, kWorker + step, id);
    }
  ends(40, 3, kWorker + 23);
  done(41, 3);
  client_left();
  expect_clean();
}

TEST_F(ChaosJudge, ARunThatBeginsAfterTheOutcomeIsFound) {
  plan_.idempotent = true;
  submitted();
  accepted();
  begins(12);
  ends(13);
  done(14);
  begins(20, 2, kWorker + 1);
  client_left();
  expect_broken(Rule::NoRunAfterTheEnd);
}

TEST_F(ChaosJudge, ARunThatBeginsAfterARefusalIsFound) {
  submitted();
  add({at(11), Kind::Refused, kJob, {static_cast<std::int64_t>(SubmitError::QueueFull), 64}, "full"});
  begins(12);
  client_left();
  expect_broken(Rule::NoRunAfterTheEnd);
}

TEST_F(ChaosJudge, TwoProcessesThatRunItAtOnceAreFound) {
  plan_.idempotent = true;
  submitted();
  accepted();
  begins(12);
  begins(13, 2, kWorker + 1);
  ends(14, 1, kWorker);
  ends(15, 2, kWorker + 1);
  done(16, 2);
  client_left();
  expect_broken(Rule::OneRunAtATime);
}

TEST_F(ChaosJudge, DoneWithoutARunIsFound) {
  submitted();
  accepted();
  done(14);
  client_left();
  expect_broken(Rule::DoneWasRun);
}

TEST_F(ChaosJudge, DoneByARunThatNeverEndedIsFound) {
  submitted();
  accepted();
  begins(12);
  done(14);
  client_left();
  expect_broken(Rule::DoneWasRun);
}

TEST_F(ChaosJudge, ALostJobIsFound) {
  submitted();
  accepted();
  outcome(14, Status::Lost, Cause::Lost, 0);
  client_left();
  expect_broken(Rule::NothingLost);
}

TEST_F(ChaosJudge, ASecondDaemonIsFound) {
  add({at(900), Kind::Daemon, 0, {78, 300}, {}});
  client_left();
  expect_broken(Rule::NothingLost);
}

TEST_F(ChaosJudge, AMissedWakeIsFoundUnlessSomebodyWasStopped) {
  add({at(60'000), Kind::Missed, 0, {1}, {}});
  client_left();
  expect_broken(Rule::NothingMissed);
  killed(59'000, 19);
  expect_clean();
}

TEST_F(ChaosJudge, AClientThatEndsBadlyIsFound) {
  add({at(900), Kind::ClientEnds, make_job(1, 1, 0), {1, 1, 134, 0, 0}, "terminate called"});
  expect_broken(Rule::ClientsLive);
}

TEST_F(ChaosJudge, AClientThatKeepsDescriptorsIsFound) {
  add({at(900), Kind::Left, make_job(1, 1, 0), {5}, {}});
  add({at(901), Kind::ClientEnds, make_job(1, 1, 0), {1, 1, 0, 0, 0}, {}});
  expect_broken(Rule::NothingLeft);
}

TEST_F(ChaosJudge, WhatIsLeftIsFound) {
  add({at(900), Kind::Fault, 0, {}, "a process is left"});
  client_left();
  expect_broken(Rule::NothingLeft);
}

TEST_F(ChaosJudge, ARunOfAJobThatNobodySubmittedIsFound) {
  begins(12);
  client_left();
  expect_broken(Rule::KnownJobs);
}

TEST_F(ChaosJudge, ARefusalWithoutACauseIsFound) {
  submitted();
  add({at(11), Kind::Refused, kJob, {100 + control::v1::ERROR_QUOTA}, "256 of 256"});
  client_left();
  expect_broken(Rule::RefusalHasItsCause);
}

TEST_F(ChaosJudge, AFullQueueMustBeFull) {
  submitted();
  add({at(11), Kind::Refused, kJob, {static_cast<std::int64_t>(SubmitError::QueueFull), 63, 1000}, "full"});
  client_left();
  expect_broken(Rule::RefusalHasItsCause);
  history_.jobs.at(kJob).flying = 64;
  expect_clean();
  history_.jobs.at(kJob).flying = 3;
  history_.jobs.at(kJob).flying_bytes = 60 << 20;
  expect_clean();
}

TEST_F(ChaosJudge, DrainingMustBeSo) {
  submitted(100);
  add({at(101), Kind::Refused, kJob, {static_cast<std::int64_t>(SubmitError::Draining)}, "drains"});
  client_left();
  expect_broken(Rule::RefusalHasItsCause);
  add({at(90), Kind::Drain, 0, {1, 1}, {}});
  expect_broken(Rule::RefusalHasItsCause);
  add({at(90), Kind::Drain, 0, {0, 1}, {}});
  add({at(95), Kind::Drain, 0, {0, 0}, {}});
  expect_broken(Rule::RefusalHasItsCause);
  add({at(96), Kind::Drain, 0, {0, 1}, {}});
  expect_clean();
}

TEST_F(ChaosJudge, ARefusalForCrashesNeedsAUserWhoseJobsCrash) {
  add({at(0), Kind::ClientStarts, make_job(1, 1, 0), {50, 1, 1, 4, 1}, {}});
  submitted(500);
  add({at(501), Kind::Refused, kJob, {100 + control::v1::ERROR_QUOTA}, "jobs of uid 7 ended 21 workers"});
  plan_.behave = Behave::Crash;
  client_killed();
  for (std::uint32_t i = 0; i < limits_.crashes_refused; ++i) {
    expect_broken(Rule::RefusalHasItsCause);
    plan_.job = make_job(1, 1, 100 + i);
    submitted(20 * i);
    begins(20 * i + 1, 1, static_cast<std::int64_t>(kWorker + i), i + 1);
  }
  expect_clean();
  history_.clients.begin()->second.crashes = false;
  expect_broken(Rule::RefusalHasItsCause);
}

TEST_F(ChaosJudge, ASessionThatCannotBeOpenedNeedsACause) {
  add({at(50), Kind::NotOpened, make_job(1, 1, 0), {0, 100 + control::v1::ERROR_DRAINING}, "drains"});
  client_left();
  expect_broken(Rule::RefusalHasItsCause);
  add({at(49), Kind::Drain, 0, {0, 1}, {}});
  expect_clean();
}

}  // namespace
}  // namespace ringmaster::chaos
