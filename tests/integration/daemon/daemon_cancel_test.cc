#include <signal.h>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// What a cancel does to a job that runs, and to its worker.
namespace ringmaster {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

class DaemonCancel : public DaemonTest {
 protected:
  void start_one(const std::string& more = {}) {
    start_with("[pool.t]\ncommand = [\"" TEST_WORKER "\"]\nworkers = 1\nspares = 0\nrun_timeout = \"20s\"\n" + more);
  }
  [[nodiscard]] bool one_runs() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    return answer && answer->reply.status().pools(0).running() == 1;
  }
  /// Cancels it as soon as it runs; how it ended.
  Outcome cancel_running(PendingJob job) {
    eventually("it runs", [this] { return one_runs(); });
    job.cancel();
    auto outcome = job.wait_for(kPatience);
    if (!outcome) throw std::runtime_error("it did not end");
    return std::move(*outcome);
  }
};

// It says that it listens and does not stop: at the end of its grace its worker is killed.
TEST_F(DaemonCancel, AHandlerThatListensAndDoesNotStopLosesItsWorker) {
  start("run_timeout = \"60s\"\ngrace = \"100ms\"\n");
  Session session = open();
  const Outcome outcome = cancel_running(session.submit("hang-stubborn", Request{}).value());
  EXPECT_EQ(outcome.status(), Status::Cancelled) << outcome.describe();
}

TEST_F(DaemonCancel, AHandlerThatDoesNotListenRunsOnAndKeepsItsWorker) {
  start();
  Session session = open();
  const std::vector<pid_t> before = all_workers();
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = cancel_running(session.submit("sleep-deaf", Request{}, {{"ms", "800"}}).value());
    EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
  }
  EXPECT_EQ(workers(), before);
}

TEST_F(DaemonCancel, AHandlerThatDoesNotListenIsStillHeldToItsDeadline) {
  start("run_timeout = \"1s\"\n");
  Session session = open();
  const Outcome outcome = cancel_running(session.submit("hang-asleep", Request{}).value());
  EXPECT_EQ(outcome.status(), Status::TimedOut) << outcome.describe();
}

// An endless loop hears nothing.
TEST_F(DaemonCancel, AForcedCancelEndsAHandlerThatDoesNotListen) {
  start();
  Session session = open();
  PendingJob job = session.submit("hang", Request{}).value();
  eventually("it runs", [this] { return one_runs(); });
  EXPECT_TRUE(job.cancel(Force{.grace = 30ms, .patience = kPatience}));
  const auto outcome = job.wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Cancelled) << outcome->describe();
  EXPECT_EQ(outcome->cause(), Cause::CancelledByForce);
  EXPECT_EQ(outcome->facts().detail, 30);
  EXPECT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
  EXPECT_EQ(count_in(log(), "pool is quarantined"), 0U);
}

TEST_F(DaemonCancel, AJobThatEndsInTheGraceOfAForcedCancelKeepsItsOutcomeAndItsWorker) {
  start();
  Session session = open();
  const std::vector<pid_t> before = all_workers();
  PendingJob job = session.submit("sleep-deaf", Request{}, {{"ms", "800"}}).value();
  eventually("it runs", [this] { return one_runs(); });
  EXPECT_TRUE(job.cancel(Force{.grace = 15s, .patience = kPatience}));
  const auto outcome = job.wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(session, "empty").status(), Status::Done);
  EXPECT_EQ(workers(), before);
}

TEST_F(DaemonCancel, AForcedCancelOfAQueuedJobKillsNobody) {
  start_one();
  Session session = open();
  PendingJob first = session.submit("hang-asleep", Request{}).value();
  eventually("it runs", [this] { return one_runs(); });
  PendingJob second = session.submit("echo", Request{}).value();
  EXPECT_TRUE(second.cancel(Force{.grace = 0ms, .patience = kPatience}));
  const auto outcome = second.wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::Cancelled) << outcome->describe();
  EXPECT_FALSE(first.ended());
}

TEST_F(DaemonCancel, ASuccessorCarriesAForcedCancelOut) {
  start();
  Session session = open();
  PendingJob job = session.submit("hang", Request{}).value();
  eventually("it runs", [this] { return one_runs(); });
  EXPECT_TRUE(job.cancel(Force{.grace = 2s, .patience = kPatience}));
  replace_supervisor();
  const auto outcome = job.wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::CancelledByForce) << outcome->describe();
}

// No pause before a restart, no quarantine, nobody refused: more of them than a pool bears crashes.
TEST_F(DaemonCancel, ForcedCancelsAreNoCrashes) {
  start_one("restart = { budget = 5 }\n");
  Session session = open();
  for (int i = 0; i < 15; ++i) {
    PendingJob job = session.submit("hang", Request{}, {}, {.idempotent = true}).value();
    eventually("it runs", [this] { return one_runs(); });
    EXPECT_TRUE(job.cancel(Force{.grace = 0ms, .patience = kPatience}));
    const auto outcome = job.wait_for(kPatience);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->cause(), Cause::CancelledByForce) << outcome->describe();
    EXPECT_EQ(outcome->facts().attempts, 1U);
  }
  EXPECT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
}

TEST_F(DaemonCancel, AJobThatCameAsAMessageIsForcedByItsId) {
  start();
  client::ControlLink link(socket_, "test", kPatience);
  v1::Request request;
  v1::Submit& submit = *request.mutable_submit();
  submit.set_pool("t");
  submit.set_handler("hang");
  submit.set_cookie_low(7);
  const auto accepted = client::ask_for(link, request, v1::Reply::kAccepted);
  ASSERT_TRUE(accepted) << accepted.error().message;
  eventually("it runs", [this] { return one_runs(); });
  v1::Cancel& cancel = *request.mutable_cancel();
  cancel.set_job_id(accepted->reply.accepted().job_id());
  cancel.set_force(true);
  cancel.set_grace_ms(60'001);
  const auto refused = client::ask_for(link, request, v1::Reply::kCancelled);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("at most 1m"), std::string::npos) << refused.error().message;
  cancel.set_grace_ms(20);
  const auto cancelled = client::ask_for(link, request, v1::Reply::kCancelled);
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_TRUE(cancelled->reply.cancelled().forced());
  EXPECT_EQ(cancelled->reply.cancelled().grace_ms(), 20U);
  v1::Fetch& fetch = *request.mutable_fetch();
  fetch.set_cookie_low(7);
  fetch.set_wait(true);
  const auto outcome = client::ask_for(link, request, v1::Reply::kOutcome, kPatience);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->reply.outcome().kind(), v1::OUTCOME_CANCELLED);
  EXPECT_EQ(outcome->reply.outcome().cause_name(), "cancelled by force");
}

TEST_F(DaemonCancel, WithoutADaemonThePlainCancelStands) {
  start();
  Session session = open();
  PendingJob job = session.submit("sleep", Request{}, {{"ms", "60000"}}).value();
  eventually("it runs", [this] { return one_runs(); });
  ASSERT_EQ(kill(keeper_, SIGSTOP), 0);
  ASSERT_EQ(kill(supervisor(), SIGSTOP), 0);
  EXPECT_FALSE(job.cancel(Force{}));
  const auto outcome = job.wait_for(kPatience);  // its handler listens
  ASSERT_EQ(kill(supervisor(), SIGCONT), 0);
  ASSERT_EQ(kill(keeper_, SIGCONT), 0);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::Cancelled) << outcome->describe();
}

}  // namespace
}  // namespace ringmaster
