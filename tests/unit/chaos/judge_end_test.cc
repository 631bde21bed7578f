#include <gtest/gtest.h>
#include <signal.h>

#include "tests/unit/chaos/planted_history.h"

// Which ends are explained, and which are not.
namespace ringmaster::chaos {
namespace {

class ChaosEnd : public Planted {
 protected:
  void taken() {
    submitted();
    accepted();
    begins(12);
  }
  void over() { client_left(); }
};

TEST_F(ChaosEnd, ACrashNeedsAKillOfItsOwnWorker) {
  taken();
  outcome(20, Status::Crashed, Cause::CrashedSignal, 1, SIGKILL);
  over();
  expect_broken(Rule::EndHasItsCause);
  killed(15, SIGKILL, kWorker + 1);
  expect_broken(Rule::EndHasItsCause);
  killed(15, SIGTERM);
  expect_broken(Rule::EndHasItsCause);
  killed(30'000, SIGKILL);
  expect_broken(Rule::EndHasItsCause);
  killed(15, SIGKILL);
  expect_clean();
}

TEST_F(ChaosEnd, OneThatNobodySawBeginNeedsAKillOfSomeWorker) {
  submitted();
  accepted();
  outcome(20, Status::Crashed, Cause::CrashedSignal, 1, SIGKILL);
  over();
  expect_broken(Rule::EndHasItsCause);
  killed(15, SIGKILL, kWorker + 9);
  expect_clean();
}

TEST_F(ChaosEnd, AJobThatFaultsMayEndByItsOwnSignalOnly) {
  plan_.behave = Behave::Crash;
  taken();
  outcome(20, Status::Crashed, Cause::CrashedSignal, 1, SIGSEGV);
  over();
  expect_clean();
  history_.jobs.at(kJob).outcomes[0].detail = SIGABRT;
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, AnIdempotentJobIsTriedAgainOrSetAside) {
  plan_.behave = Behave::Crash;
  plan_.idempotent = true;
  taken();
  outcome(20, Status::Crashed, Cause::CrashedSignal, 1, SIGSEGV);
  over();
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).outcomes[0].cause = static_cast<std::int64_t>(Cause::Poisoned);
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).outcomes[0].attempts = 3;
  expect_clean();
}

TEST_F(ChaosEnd, OneThatFaultsIsNeverDone) {
  plan_.behave = Behave::Crash;
  taken();
  ends(13);
  done(14);
  over();
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, AnExitHasItsCode) {
  plan_.behave = Behave::Exit;
  taken();
  outcome(20, Status::Crashed, Cause::CrashedExit, 1, 7);
  over();
  expect_clean();
  history_.jobs.at(kJob).outcomes[0].detail = 1;
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, AFailureHasItsHandlersWords) {
  plan_.behave = Behave::Fail;
  taken();
  outcome(20, Status::Failed, Cause::Application, 1, 0, "as planned for 1");
  over();
  expect_clean();
  history_.jobs.at(kJob).outcomes[0].text = "out of memory";
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, CancelledNeedsSomebodyWhoCancelled) {
  taken();
  outcome(20, Status::Cancelled, Cause::Cancelled);
  over();
  expect_broken(Rule::EndHasItsCause);
  add({at(15), Kind::Cancelling, kJob, {}, {}});
  expect_clean();
}

TEST_F(ChaosEnd, ACancelEndsNoRunThatDoesNotListen) {
  plan_.listens = false;
  taken();
  add({at(15), Kind::Cancelling, kJob, {}, {}});
  outcome(20, Status::Cancelled, Cause::Cancelled);
  over();
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).runs.clear();
  expect_clean();
}

TEST_F(ChaosEnd, AForcedCancelEndsWhatDoesNotListenAndNotBeforeItsGrace) {
  plan_.listens = false;
  taken();
  add({at(15), Kind::Cancelling, kJob, {}, {}});
  outcome(20, Status::Cancelled, Cause::CancelledByForce, 1, 3);
  over();
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).forced = true;
  history_.jobs.at(kJob).grace_ms = 3;
  expect_clean();
  history_.jobs.at(kJob).grace_ms = 2;
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).grace_ms = history_.jobs.at(kJob).outcomes[0].detail = 10;
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).plan.behave = Behave::Exit;
  expect_clean();
}

TEST_F(ChaosEnd, ACancelEndsWhatWaitsForItsNextAttempt) {
  plan_.listens = false;
  plan_.idempotent = true;
  plan_.behave = Behave::Exit;
  taken();
  add({at(15), Kind::Cancelling, kJob, {}, {}});
  outcome(20, Status::Cancelled, Cause::Cancelled);
  over();
  expect_clean();
  history_.jobs.at(kJob).plan.behave = Behave::Hang;
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).plan.behave = Behave::Exit;
  history_.jobs.at(kJob).plan.idempotent = false;
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, ARunDeadlineIsNotKeptTooEarly) {
  plan_.behave = Behave::Hang;
  plan_.timeout_ms = 300;
  taken();
  outcome(320, Status::TimedOut, Cause::RunTimeout, 1, 0, {}, Verdict::Right, 200);
  over();
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).outcomes[0].run_ns = 301 * static_cast<std::int64_t>(kMs);
  expect_clean();
}

TEST_F(ChaosEnd, AJobThatReturnsTimesOutOnlyWhereItsWorkerWasStopped) {
  taken();
  outcome(5100, Status::TimedOut, Cause::RunTimeout, 1, 0, {}, Verdict::Right, 5001);
  over();
  expect_broken(Rule::EndHasItsCause);
  killed(100, SIGSTOP);
  expect_clean();
}

TEST_F(ChaosEnd, AQueueDeadlineMustBeThereAndOver) {
  submitted();
  accepted();
  outcome(100, Status::TimedOut, Cause::QueueTimeout, 0);
  over();
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).plan.queue_timeout_ms = 200;
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).plan.queue_timeout_ms = 50;
  expect_clean();
}

TEST_F(ChaosEnd, TooLargeSaysHowMuchItNeeds) {
  plan_.capacity = 10;
  taken();
  ends(13);
  outcome(14, Status::Refused, Cause::TooLarge, 1, 0, {}, Verdict::Right, 1, 100);
  over();
  expect_clean();
  history_.jobs.at(kJob).outcomes[0].needed = 90;
  expect_broken(Rule::EndHasItsCause);
  history_.jobs.at(kJob).outcomes[0].needed = 100;
  history_.jobs.at(kJob).plan.capacity = 100;
  expect_broken(Rule::EndHasItsCause);
}

TEST_F(ChaosEnd, RefusedInItsQueueNeedsADrain) {
  submitted();
  accepted();
  outcome(100, Status::Refused, Cause::Refused, 0);
  over();
  expect_broken(Rule::EndHasItsCause);
  add({at(5), Kind::Drain, 0, {0, 1}, {}});
  add({at(50), Kind::Drain, 0, {0, 0}, {}});
  expect_clean();
}

TEST_F(ChaosEnd, AProtocolViolationOfAnHonestClientIsFound) {
  taken();
  outcome(20, Status::Refused, Cause::ProtocolViolation);
  over();
  expect_broken(Rule::EndHasItsCause);
}

}  // namespace
}  // namespace ringmaster::chaos
