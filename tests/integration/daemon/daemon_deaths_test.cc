#include <signal.h>

#include <fstream>

#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/process_state.h"

namespace ringmaster {
namespace {

class DaemonDeaths : public DaemonTest {};

TEST_F(DaemonDeaths, CrashIsReportedAndTheWorkerReplaced) {
  start();
  Session session = open();
  const Outcome crashed = run(session, "crash");
  EXPECT_EQ(crashed.status(), Status::Crashed) << crashed.describe();
  EXPECT_EQ(crashed.detail(), SIGSEGV);
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
  eventually("three workers again", [this] { return workers().size() == 3; });
}

TEST_F(DaemonDeaths, JobsThatWereKilledOrCrashedHaveTheirTimes) {
  start("run_timeout = \"300ms\"\n");
  Session session = open();
  ConnectOptions options;
  options.socket = socket_;
  Result<Client> client = Client::connect(options);
  ASSERT_TRUE(client);
  const auto as_message = [&](const char* handler) {
    auto outcome = client->run("t", handler, {});
    EXPECT_TRUE(outcome);
    return outcome ? std::move(*outcome) : Outcome();
  };
  for (const bool message : {false, true}) {
    const Outcome killed = message ? as_message("hang") : run(session, "hang");
    EXPECT_EQ(killed.status(), Status::TimedOut) << killed.describe();
    EXPECT_GE(killed.timings().run, std::chrono::milliseconds(300)) << message;
    EXPECT_GT(killed.timings().queued, Duration(0)) << message;
    const Outcome crashed = message ? as_message("crash") : run(session, "crash");
    EXPECT_EQ(crashed.status(), Status::Crashed) << crashed.describe();
    EXPECT_GT(crashed.timings().run, Duration(0)) << message;
    EXPECT_GT(crashed.timings().queued, Duration(0)) << message;
  }
}

TEST_F(DaemonDeaths, ExitCodeIsTheOutcomesDetail) {
  start();
  Session session = open();
  const Outcome gone = run(session, "exit", {{"code", "7"}});
  EXPECT_EQ(gone.cause(), Cause::CrashedExit) << gone.describe();
  EXPECT_EQ(gone.detail(), 7);
}

TEST_F(DaemonDeaths, IdempotentJobIsRetried) {
  start();
  Session session = open();
  SubmitOptions options;
  options.idempotent = true;
  const Outcome done = run(session, "crash-once", {{"times", "2"}}, options);
  EXPECT_EQ(done.status(), Status::Done) << done.describe();
  EXPECT_EQ(done.text(), "attempt 3");
}

TEST_F(DaemonDeaths, JobThatKillsEveryWorkerIsSetAside) {
  start();
  Session session = open();
  SubmitOptions options;
  options.idempotent = true;
  const Outcome poison = run(session, "crash", {}, options);
  EXPECT_EQ(poison.cause(), Cause::Poisoned) << poison.describe();
  EXPECT_EQ(poison.attempts(), 3U);
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
}

TEST_F(DaemonDeaths, ChildrenOfADeadWorkerDieWithIt) {
  start();
  Session session = open();
  EXPECT_EQ(run(session, "fork-away", {{"die", "true"}}).status(), Status::Crashed);
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
}

TEST_F(DaemonDeaths, SupervisorKilledUnderLoadLosesNothing) {
  start();
  Session session = open();
  std::vector<PendingJob> jobs;
  unsigned done = 0;
  const auto collect = [&](Duration limit) {
    const auto at = session.wait_any(jobs, limit);
    if (!at) return false;
    const Outcome outcome = jobs[*at].wait();
    EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(*at));
    ++done;
    return true;
  };
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 40; ++i) {
      auto job = session.submit("sleep", Request{}, {{"ms", "5"}});
      ASSERT_TRUE(job) << job.error().message;
      jobs.push_back(std::move(*job));
    }
    replace_supervisor();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(collect(kPatience));
  }
  while (!jobs.empty()) ASSERT_TRUE(collect(kPatience));
  EXPECT_EQ(done, 200U);
  EXPECT_TRUE(session.check());
}

TEST_F(DaemonDeaths, SuccessorKeepsDeadlinesAndSeesDeaths) {
  start("run_timeout = \"2s\"\n");
  Session session = open();
  auto hung = session.submit("hang", Request{});
  ASSERT_TRUE(hung);
  replace_supervisor();
  const auto late = hung->wait_for(kPatience);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status(), Status::TimedOut) << late->describe();
  EXPECT_EQ(run(session, "crash").status(), Status::Crashed);
}

TEST_F(DaemonDeaths, SuccessorTakesSessionsFromOldWorkers) {
  start();
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "before").text(), "before");
  replace_supervisor();
  ASSERT_TRUE(session.check());
  session.close();
  eventually("no worker maps the session", [this] {
    for (const pid_t pid : workers()) {
      std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
      for (std::string line; std::getline(maps, line);) {
        if (line.find("-request") != std::string::npos || line.find("-reply") != std::string::npos) return false;
      }
    }
    return true;
  });
  // The same place in the table as before.
  Session next = open();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(next, "echo", {}, {}, "after").text(), "after");
}

TEST_F(DaemonDeaths, WorkerThatDoesNotLeaveIsKilled) {
  start("run_timeout = \"20s\"\ngrace = \"0s\"\n[pool.t.recycle]\nmax_jobs = 1\n");
  Session session = open();
  const Outcome clung = run(session, "cling");
  const pid_t worker = std::stoi(std::string(clung.text()));
  eventually("it is gone", [worker] { return !is_running(worker); });
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
}

TEST_F(DaemonDeaths, WorkerThatCannotMapASessionIsNotTheClientsFault) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own memory does not fit into rlimits.as";
#endif
  start("run_timeout = \"20s\"\n[pool.t.rlimits]\nas = 268435456\n");
  SessionOptions wishes;
  wishes.request_ring_bytes = std::uint64_t{512} << 20;
  ConnectOptions options;
  options.socket = socket_;
  auto client = Client::connect(options);
  ASSERT_TRUE(client) << client.error().message;
  // A worker may have said so before the session is open.
  if (auto session = client->open("t", wishes)) {
    if (auto job = session->submit("echo", Request{})) {
      const auto outcome = job->wait_for(kPatience);
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->status(), Status::Lost) << outcome->describe();
    }
  } else {
    EXPECT_NE(session.error().message.find("ended while it was opened"), std::string::npos) << session.error().message;
  }
  eventually("the log says what to do", [this] { return log().find("raise rlimits.as") != std::string::npos; });
  EXPECT_EQ(log().find("broken by its client"), std::string::npos);
}

TEST_F(DaemonDeaths, KilledKeeperTakesEverythingAlong) {
  start();
  Session session = open();
  auto hung = session.submit("hang", Request{});
  ASSERT_TRUE(hung);
  const std::vector<pid_t> all = children();
  ASSERT_EQ(all.size(), 4U);
  ASSERT_EQ(::kill(keeper_, SIGKILL), 0);
  EXPECT_EQ(wait_keeper(), -SIGKILL);
  for (const pid_t pid : all) {
    eventually("its children are gone", [pid] { return !is_running(pid); });
  }
}

}  // namespace
}  // namespace ringmaster
