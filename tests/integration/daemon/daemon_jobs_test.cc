#include <deque>
#include <optional>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

class DaemonJobs : public DaemonTest {};

TEST_F(DaemonJobs, EmbeddedConfigurationRunsStockHandlers) {
  start_default();
  Session session = open("default");
  const Outcome echo = run(session, "echo", {}, {}, "round and round");
  EXPECT_EQ(echo.status(), Status::Done) << echo.describe();
  EXPECT_EQ(echo.text(), "round and round");
}

TEST_F(DaemonJobs, ManyJobsInFlightAllEndOnce) {
  start();
  Session session = open();
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 200; ++i) {
    const std::string text = "job " + std::to_string(i);
    SubmitOptions options;
    options.wait_for_room = kPatience;
    auto job = session.submit("echo", std::as_bytes(std::span(text)), {}, options);
    ASSERT_TRUE(job) << job.error().message;
    jobs.push_back(std::move(*job));
  }
  for (int i = 0; i < 200; ++i) {
    const auto outcome = jobs[static_cast<std::size_t>(i)].wait_for(kPatience);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->text(), "job " + std::to_string(i));
  }
}

// Short jobs are left to one of the two workers; what it does not come to is the other's, also when nobody is told.
TEST_F(DaemonJobs, AJobBesideALongOneIsDoneInAStreamOfShortOnes) {
  start();
  Session session = open();
  for (int round = 0; round < 10; ++round) {
    std::deque<PendingJob> flying;
    const auto submit = [&](const char* handler, const Arguments& arguments) {
      SubmitOptions options;
      options.wait_for_room = kPatience;
      return session.submit(handler, Request{}, arguments, options).value();
    };
    std::optional<PendingJob> slow;
    for (int i = 0; i < 400; ++i) {
      if (i == 300) slow = submit("sleep", {Argument{"ms", "600000"}});
      flying.push_back(submit("empty", {}));
      if (flying.size() < 32) continue;
      ASSERT_TRUE(flying.front().wait_for(kPatience));
      flying.pop_front();
    }
    for (PendingJob& job : flying) ASSERT_TRUE(job.wait_for(kPatience));
    EXPECT_FALSE(slow->ended());
    slow->cancel();
    EXPECT_TRUE(slow->wait_for(kPatience));
  }
}

TEST_F(DaemonJobs, JobAsMessageIsDone) {
  start();
  ConnectOptions options;
  options.socket = socket_;
  auto client = Client::connect(options);
  ASSERT_TRUE(client);
  const std::string text = "by message";
  const auto outcome = client->run("t", "echo", std::as_bytes(std::span(text)));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->text(), text);
}

TEST_F(DaemonJobs, AResultTravelsWithAFailureIfItsHandlerSaysSo) {
  start();
  Session session = open();
  ConnectOptions options;
  options.socket = socket_;
  auto client = Client::connect(options);
  ASSERT_TRUE(client);
  for (const bool kept : {true, false}) {
    const std::string handler = kept ? "fail-with-result" : "fail-after-result";
    const std::string wanted = kept ? "as far as it came" : "";
    const Outcome outcome = run(session, handler);
    EXPECT_EQ(outcome.status(), Status::Failed) << outcome.describe();
    EXPECT_EQ(outcome.message(), "no further");
    EXPECT_EQ(outcome.text(), wanted);
    const auto by_message = client->run("t", handler, {});
    ASSERT_TRUE(by_message) << by_message.error().message;
    EXPECT_EQ(by_message->status(), Status::Failed);
    EXPECT_EQ(by_message->text(), wanted);
  }
}

TEST_F(DaemonJobs, EndlessLoopTimesOutAndThePoolGoesOn) {
  start("run_timeout = \"300ms\"\n");
  Session session = open();
  const Outcome hung = run(session, "hang");
  EXPECT_EQ(hung.status(), Status::TimedOut) << hung.describe();
  EXPECT_EQ(hung.cause(), Cause::RunTimeout);
  EXPECT_EQ(run(session, "echo", {}, {}, "next").text(), "next");
  eventually("the stack is in the log", [this] { return log().find("stack=\"hang (") != std::string::npos; });
}

TEST_F(DaemonJobs, JobOwnDeadlineGoesBeforeThePools) {
  start();
  SessionOptions wishes;
  wishes.shortest_timeout = std::chrono::milliseconds{100};
  Session session = open("t", wishes);
  SubmitOptions options;
  options.timeout = std::chrono::milliseconds{200};
  EXPECT_EQ(run(session, "hang-asleep", {}, options).status(), Status::TimedOut);
}

TEST_F(DaemonJobs, QueuedJobExpires) {
  start("run_timeout = \"3s\"\n");
  Session session = open();
  std::vector<PendingJob> blockers;
  for (int i = 0; i < 2; ++i) {
    auto job = session.submit("hang-asleep", Request{});
    ASSERT_TRUE(job);
    blockers.push_back(std::move(*job));
  }
  SubmitOptions options;
  options.queue_timeout = std::chrono::milliseconds{100};
  const Outcome late = run(session, "echo", {}, options);
  EXPECT_EQ(late.cause(), Cause::QueueTimeout) << late.describe();
}

TEST_F(DaemonJobs, SessionOpensWhileAWorkerIsBusy) {
  start();
  Session first = open();
  auto job = first.submit("sleep", Request{}, {{"ms", "60000"}});
  ASSERT_TRUE(job);
  Session second = open();
  EXPECT_EQ(run(second, "echo", {}, {}, "beside it").text(), "beside it");
  EXPECT_FALSE(job->ended());
  job->cancel();
  EXPECT_TRUE(job->wait_for(kPatience));
}

}  // namespace
}  // namespace ringmaster
