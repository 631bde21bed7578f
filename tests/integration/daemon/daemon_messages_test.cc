#include <poll.h>
#include <unistd.h>

#include "tests/integration/daemon/daemon_fixture.h"

// What handlers send while they run reaches the program that submitted their job, in order and before the outcome.
namespace ringmaster {
namespace {

class DaemonMessages : public DaemonTest {
 protected:
  void start_talking(const std::string& more = "run_timeout = \"60s\"\n") {
    start_with("[pool.t]\ncommand = [\"" TALKING_WORKER "\"]\nworkers = 2\nspares = 1\n" + more);
  }
  static PendingJob submit(Session& session, std::string_view handler, const Arguments& arguments = {},
                           const SubmitOptions& options = {.messages = 4096}) {
    auto job = session.submit(handler, Request{}, arguments, options);
    EXPECT_TRUE(job) << job.error().message;
    return std::move(*job);
  }
  /// All of them until the job has ended, with a '|' behind each.
  static std::string all_of(PendingJob& job) {
    std::string all;
    while (const auto message = job.next_message()) all += message->bytes + "|";
    return all;
  }
};

TEST_F(DaemonMessages, ComeInOrderBeforeTheOutcome) {
  start_talking();
  Session session = open();
  auto job = submit(session, "talk", {{"messages", "3"}});
  EXPECT_EQ(all_of(job), "1|2|3|to be shown\n|as an error\n|");
  EXPECT_EQ(job.wait().text(), "3");
  auto again = submit(session, "talk", {{"messages", "0"}});
  EXPECT_EQ(again.next_message()->kind, Message::Kind::Output);
  EXPECT_EQ(again.next_message()->kind, Message::Kind::Error);
  EXPECT_FALSE(again.next_message());
  EXPECT_EQ(again.wait().facts().dropped_messages, 0U);
}

TEST_F(DaemonMessages, AreDroppedAndCountedWhereTheirRoomIsFull) {
  start_talking();
  Session session = open();
  auto job = submit(session, "talk", {{"messages", "100"}}, {.messages = 128});
  EXPECT_EQ(all_of(job), "1|2|3|4|5|6|7|8|") << "16 bytes each";
  const Outcome outcome = job.wait();
  EXPECT_EQ(outcome.text(), "8") << "the handler is told, and does not wait";
  EXPECT_EQ(outcome.facts().dropped_messages, 94U);
  const Outcome silent = run(session, "talk", {{"messages", "5"}});
  EXPECT_EQ(silent.text(), "0") << "its submitter asked for none";
  EXPECT_EQ(silent.facts().dropped_messages, 0U);
}

TEST_F(DaemonMessages, OfARunThatDiesArriveBeforeThoseOfTheNext) {
  start_talking();
  Session session = open();
  auto retried = submit(session, "die", {{"runs", "3"}}, {.idempotent = true, .messages = 4096});
  EXPECT_EQ(all_of(retried), "run 1|run 2|run 3|");
  const Outcome done = retried.wait();
  EXPECT_TRUE(done.ok()) << done.describe();
  EXPECT_EQ(done.attempts(), 3U);
  auto dead = submit(session, "die");
  EXPECT_EQ(all_of(dead), "run 1|");
  EXPECT_EQ(dead.wait().status(), Status::Crashed);
}

TEST_F(DaemonMessages, ComeWhileTheJobRunsAndSurviveTheSupervisor) {
  start_talking();
  Session session = open();
  auto job = submit(session, "hang");
  EXPECT_EQ(job.next_message()->bytes, "hanging");
  replace_supervisor();
  auto other = submit(session, "talk");
  EXPECT_EQ(all_of(other), "1|to be shown\n|as an error\n|");
  EXPECT_TRUE(other.wait().ok());
  EXPECT_FALSE(job.next_message(Duration(0)));
  EXPECT_FALSE(job.ended());
  EXPECT_TRUE(job.cancel(Force{.grace = Duration(0), .patience = kPatience}));
  EXPECT_FALSE(job.next_message());
  EXPECT_EQ(job.wait().cause(), Cause::CancelledByForce);
}

TEST_F(DaemonMessages, OfALyingWorkerHarmNobody) {
  start_talking();
  Session session = open();
  auto job = submit(session, "lie");
  const std::string all = all_of(job);
  EXPECT_TRUE(all.empty() || all == "true|") << all;
  const Outcome outcome = job.wait();
  EXPECT_TRUE(outcome.ok()) << outcome.describe();
  EXPECT_GE(outcome.facts().dropped_messages, 1U);
  auto next = submit(session, "talk");
  EXPECT_EQ(all_of(next), "1|to be shown\n|as an error\n|");
}

TEST_F(DaemonMessages, OfPostedJobsComeToAnEventLoopUnderTheirCookies) {
  start_talking();
  Session session = open();
  const int fd = session.event_fd().value();
  constexpr std::uint64_t kJobs = 50;
  for (std::uint64_t cookie = 1; cookie <= kJobs; ++cookie) {
    const SubmitOptions options{.cookie = cookie, .messages = 1024};
    ASSERT_TRUE(session.post("talk", Request{}, {{"messages", std::to_string(cookie % 5)}}, options));
  }
  std::vector<std::string> said(kJobs + 1);
  for (std::uint64_t ended = 0; ended < kJobs;) {
    pollfd look{fd, POLLIN, 0};
    ASSERT_EQ(::poll(&look, 1, 60'000), 1);
    std::uint64_t count = 0;
    ASSERT_EQ(::read(fd, &count, sizeof count), 8);
    while (const auto next = session.next(Duration(0))) {
      ASSERT_LE(next->cookie, kJobs);
      if (next->message) {
        said[next->cookie] += next->message->bytes + "|";
        continue;
      }
      ++ended;
      std::string wanted;
      for (std::uint64_t at = 1; at <= next->cookie % 5; ++at) wanted += std::to_string(at) + "|";
      EXPECT_EQ(said[next->cookie], wanted + "to be shown\n|as an error\n|") << "all, before the outcome";
    }
  }
}

TEST_F(DaemonMessages, NeedASession) {
  start_talking();
  ConnectOptions where;
  where.socket = socket_;
  auto client = Client::connect(where);
  ASSERT_TRUE(client);
  EXPECT_FALSE(client->run("t", "talk", {}, {}, {.messages = 100}));
}

}  // namespace
}  // namespace ringmaster
