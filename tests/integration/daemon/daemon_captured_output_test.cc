#include <signal.h>

#include <cstring>
#include <fstream>

#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/process_state.h"

// What workers of a pool with `output = "client"` write while a job runs reaches the program that submitted the job.
namespace ringmaster {
namespace {

class DaemonCapturedOutput : public DaemonTest {
 protected:
  void start_printing(const std::string& more = "workers = 1\nspares = 1\n") {
    start_with("[pool.t]\ncommand = [\"" PRINTING_WORKER "\"]\noutput = \"client\"\nrun_timeout = \"60s\"\n" + more +
               "[pool.t.restart]\nbudget = 10000\nbackoff_initial = \"1ms\"\n");
  }
  static PendingJob submit(Session& session, std::string_view handler, std::string_view text = {},
                           const Arguments& arguments = {}, const SubmitOptions& options = {.messages = 4096}) {
    auto request = session.allocate(text.size());
    EXPECT_TRUE(request);
    if (!text.empty()) std::memcpy(request->bytes().data(), text.data(), text.size());
    auto job = session.submit(handler, std::move(*request), arguments, options);
    EXPECT_TRUE(job) << job.error().message;
    return std::move(*job);
  }
  /// All output until the job has ended, whatever pieces it came in; other messages stand in brackets.
  static std::string all_of(PendingJob& job) {
    std::string all;
    while (const auto message = job.next_message()) {
      all += message->kind == Message::Kind::Data ? "[" + message->bytes + "]" : message->bytes;
    }
    return all;
  }
  static std::string last_words(Session& session, const std::string& how) {
    auto job = submit(session, "die", "last words of it", {{"how", how}});
    std::string all;  // a sanitizer writes its report to standard error
    while (const auto message = job.next_message()) {
      if (message->kind == Message::Kind::Output) all += message->bytes;
    }
    EXPECT_EQ(job.wait().status(), Status::Crashed) << how;
    return all;
  }
};

TEST_F(DaemonCapturedOutput, ComesInOrderWithMessagesBeforeTheOutcome) {
  start_printing();
  Session session = open();
  for (int i = 0; i < 20; ++i) {
    auto job = submit(session, "speak");
    EXPECT_EQ(all_of(job), "one\n[two]three\nfour\nfive[six]seven\n[eight]nine");
    EXPECT_TRUE(job.wait().ok());
  }
  EXPECT_EQ(count_in(log(), "three"), 0U);
  EXPECT_GE(count_in(log(), "on its way"), 1U) << "what was written before any job";
}

TEST_F(DaemonCapturedOutput, TellsStandardErrorApart) {
  start_printing();
  Session session = open();
  auto job = submit(session, "speak");
  std::string errors;
  while (const auto message = job.next_message()) {
    if (message->kind == Message::Kind::Error) errors += message->bytes;
  }
  EXPECT_EQ(errors, "seven\n");
}

TEST_F(DaemonCapturedOutput, OfChildrenIsTheJobsToo) {
  start_printing();
  Session session = open();
  auto job = submit(session, "child", "said by a child");
  EXPECT_EQ(all_of(job), "said by a child");
}

TEST_F(DaemonCapturedOutput, ArrivesAlsoOfAWorkerThatDies) {
  start_printing();
  Session session = open();
  for (const char* how : {"exit", "_exit", "crash", "abort", "kill"}) {
    EXPECT_EQ(last_words(session, how), "last words of it") << how;
  }
}

TEST_F(DaemonCapturedOutput, ArrivesOnceWheneverTheWorkerDies) {
  start_printing();
  Session session = open();
  for (int pause = 0; pause < 100; ++pause) {
    // Around the moment when the worker's own thread moves the text.
    const std::string us = std::to_string(pause * 20);
    const std::string how = pause % 2 == 0 ? "_exit" : "kill";
    auto job = submit(session, "die", "these words", {{"how", how}, {"pause_us", us}});
    ASSERT_EQ(all_of(job), "these words") << us;
    ASSERT_EQ(job.wait().status(), Status::Crashed);
  }
}

TEST_F(DaemonCapturedOutput, OfARunThatDiesComesBeforeThatOfTheNext) {
  start_printing();
  Session session = open();
  auto job = submit(session, "die", "again ", {{"how", "kill"}, {"runs", "3"}}, {.idempotent = true, .messages = 4096});
  EXPECT_EQ(all_of(job), "again again ");
  const Outcome outcome = job.wait();
  EXPECT_TRUE(outcome.ok()) << outcome.describe();
  EXPECT_EQ(outcome.attempts(), 3U);
}

TEST_F(DaemonCapturedOutput, OfAWorkerKilledFromOutsideArrivesWithAndWithoutItsSupervisor) {
  start_printing("workers = 1\nspares = 0\n");
  Session session = open();
  auto hangs = submit(session, "die", "hanging", {{"how", "hang"}});
  EXPECT_EQ(hangs.next_message()->bytes, "hanging") << "while it runs";
  ::kill(a_worker(), SIGKILL);
  EXPECT_FALSE(hangs.next_message());
  EXPECT_EQ(hangs.wait().status(), Status::Crashed);
  for (int i = 0; i < 5; ++i) {
    auto job = submit(session, "die", "stopped with it", {{"how", "stop"}});
    pid_t worker = 0;
    eventually("it has stopped itself", [&] {
      worker = a_worker();
      return state_letter(worker) == 'T';
    });
    const pid_t before = supervisor();
    ::kill(before, SIGKILL);
    ::kill(worker, SIGKILL);
    EXPECT_EQ(all_of(job), "stopped with it");
    EXPECT_EQ(job.wait().status(), Status::Crashed);
    EXPECT_NE(supervisor(), before);
  }
}

TEST_F(DaemonCapturedOutput, SurvivesTheSupervisor) {
  start_printing();
  Session session = open();
  auto hangs = submit(session, "die", "before ", {{"how", "hang"}});
  EXPECT_EQ(hangs.next_message()->bytes, "before ");
  replace_supervisor();
  EXPECT_TRUE(hangs.cancel(Force{.grace = Duration(0), .patience = kPatience}));
  EXPECT_FALSE(hangs.next_message());
  EXPECT_EQ(hangs.wait().cause(), Cause::CancelledByForce);
  for (int i = 0; i < 5; ++i) {
    auto job = submit(session, "speak");
    EXPECT_EQ(all_of(job), "one\n[two]three\nfour\nfive[six]seven\n[eight]nine");
  }
}

TEST_F(DaemonCapturedOutput, LargerThanAPipeArrivesWhole) {
  start_printing();
  Session session = open();
  auto job = submit(session, "much", {}, {{"lines", "10000"}}, {.messages = 4 << 20});
  const std::string all = all_of(job);
  EXPECT_EQ(all.size(), 1'000'000U);
  EXPECT_EQ(count_in(all, "\n"), 10'000U);
  EXPECT_EQ(all.substr(all.size() - 100, 5), "9999.");
  EXPECT_EQ(job.wait().facts().dropped_messages, 0U);
}

TEST_F(DaemonCapturedOutput, WithoutRoomIsCutAndCountedAndHoldsNobodyUp) {
  start_printing();
  Session session = open();
  auto job = submit(session, "much", {}, {{"lines", "10000"}}, {.messages = 1024});
  const std::string all = all_of(job);
  EXPECT_GT(all.size(), 500U);
  EXPECT_LT(all.size(), 1024U);
  const Outcome outcome = job.wait();
  EXPECT_TRUE(outcome.ok()) << outcome.describe();
  EXPECT_GT(outcome.facts().dropped_messages, 0U);
}

TEST_F(DaemonCapturedOutput, OfAJobWithoutRoomAndBetweenJobsIsLogged) {
  start_printing("workers = 1\nspares = 0\n");
  Session session = open();
  auto silent = submit(session, "print", "nobody asked for this\n", {}, {});
  EXPECT_FALSE(silent.next_message());
  const Outcome outcome = silent.wait();
  EXPECT_EQ(outcome.text(), "printed");
  eventually("it is in the log", [&] { return count_in(log(), "nobody asked for this") == 1; });
  const std::string line = log().substr(0, log().find("nobody asked for this") + 200);
  EXPECT_GE(count_in(line, " job=" + std::to_string(outcome.facts().job_id)), 1U) << line;
  const std::string sign = folder_ + "/go";
  auto late = submit(session, "later", "after the job\n", {{"until", sign}});
  EXPECT_EQ(all_of(late), "");
  EXPECT_TRUE(late.wait().ok());
  std::ofstream(sign) << "\n";
  eventually("it is in the log", [&] { return count_in(log(), "after the job") == 1; });
  auto next = submit(session, "print", "of the next");
  EXPECT_EQ(all_of(next), "of the next");
}

TEST_F(DaemonCapturedOutput, OfTwoClientsIsNotMixed) {
  start_printing("workers = 2\nspares = 0\n");
  Session first = open();
  Session second = open();
  for (int i = 0; i < 100; ++i) {
    auto a = submit(first, "print", "of the first");
    auto b = submit(second, "print", "of the second");
    auto c = submit(first, "print", "unasked\n", {}, {});
    ASSERT_EQ(all_of(a), "of the first");
    ASSERT_EQ(all_of(b), "of the second");
    ASSERT_TRUE(c.wait().ok());
  }
}

}  // namespace
}  // namespace ringmaster
