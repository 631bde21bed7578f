#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/process_state.h"

namespace ringmaster {
namespace {

/// Pool "left" has one worker whose jobs leave processes behind.
class DaemonLeftovers : public DaemonTest {
 protected:
  void start_left(const std::string& more = "") {
    start("[pool.left]\ncommand = [\"" LEAVING_WORKER "\"]\nworkers = 1\nspares = 0\nrun_timeout = \"60s\"\n" + more);
  }
  void TearDown() override {
    DaemonTest::TearDown();
    for (const pid_t pid : left_) {
      EXPECT_FALSE(is_running(pid));
      if (is_running(pid)) ::kill(pid, SIGKILL);
    }
  }
  pid_t leave(Session& session, std::string_view handler = "leave", const Arguments& arguments = {}) {
    const Outcome outcome = run(session, handler, arguments);
    EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
    left_.push_back(std::stoi(std::string(outcome.text())));
    return left_.back();
  }
  static bool blocks_signals(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("SigBlk:", 0) == 0) return (std::stoull(line.substr(7), nullptr, 16) >> (SIGSTKFLT - 1) & 1) != 0;
    }
    return false;
  }

 private:
  std::vector<pid_t> left_;
};

TEST_F(DaemonLeftovers, ALivingProcessOfAJobIsEndedAndTheLogNamesTheJob) {
  start_left();
  Session session = open("left");
  auto job = session.submit("leave", Request{});
  ASSERT_TRUE(job);
  const std::uint64_t id = job->id();
  const auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome && outcome->status() == Status::Done);
  const pid_t pid = std::stoi(std::string(outcome->text()));
  eventually("it is ended and buried", [&] { return was_reaped(pid); });
  eventually("the log tells", [&] { return log().find("left processes behind") != std::string::npos; });
  EXPECT_NE(log().find("job=" + std::to_string(id)), std::string::npos);
  EXPECT_NE(log().find("(pid " + std::to_string(pid) + ")"), std::string::npos);
}

TEST_F(DaemonLeftovers, ADeadOneIsReapedWhileTheWorkerIsIdle) {
  start_left();
  Session session = open("left");
  const pid_t pid = leave(session, "leave", {{"ms", "0"}});
  eventually("it is buried", [&] { return was_reaped(pid); });
}

TEST_F(DaemonLeftovers, ABusyWorkerIsLookedAtToo) {
  start_left();
  Session session = open("left");
  const pid_t pid = leave(session);
  // Jobs that follow each other without a pause.
  eventually("it is ended", [&] {
    std::vector<PendingJob> jobs;
    for (int i = 0; i < 50; ++i) {
      auto job = session.submit("sleep", Request{}, {{"ms", "1"}});
      if (job) jobs.push_back(std::move(*job));
    }
    for (PendingJob& job : jobs) (void)job.wait_for(kPatience);
    return !is_running(pid);
  });
}

TEST_F(DaemonLeftovers, ByPolicyTheyAreKeptAndSaid) {
  start_left("leftovers = \"keep\"\n");
  Session session = open("left");
  const pid_t pid = leave(session);
  eventually("the log tells", [&] { return log().find("kept=1") != std::string::npos; });
  EXPECT_TRUE(is_running(pid));
}

TEST_F(DaemonLeftovers, DeclaredHelpersStay) {
  start_left();
  Session session = open("left");
  const pid_t declared = leave(session, "leave-helper");
  const pid_t by_flag = leave(session, "leave-by-flag");
  // Long enough for a look to come between: what several jobs may have left is all of it kept.
  (void)run(session, "sleep", {{"ms", "30"}});
  const pid_t other = leave(session);
  eventually("what was not declared is ended", [&] { return !is_running(other); });
  EXPECT_TRUE(is_running(declared));
  EXPECT_TRUE(is_running(by_flag));
}

TEST_F(DaemonLeftovers, NothingOutlivesAKeeperThatIsKilled) {
  start_left("leftovers = \"keep\"\n");
  Session session = open("left");
  Session other = open();
  const pid_t left = leave(session);
  const pid_t helper = leave(session, "leave-helper");
  // One that hangs with a child of its own, and one that hears no signal.
  auto asleep = session.submit("sleep", Request{});
  auto deaf = other.submit("hang-stubborn", Request{});
  ASSERT_TRUE(asleep && deaf);
  eventually("it is deaf", [&] {
    const auto all = workers();
    return std::any_of(all.begin(), all.end(), &blocks_signals);
  });
  std::vector<pid_t> all = children();
  ASSERT_EQ(::kill(keeper_, SIGKILL), 0);
  EXPECT_EQ(wait_keeper(), -SIGKILL);
  all.push_back(left);
  all.push_back(helper);
  eventually("nothing lives on", [&] { return std::none_of(all.begin(), all.end(), &is_running); });
}

TEST_F(DaemonLeftovers, AStatusThatALaterJobWaitsForIsStillThere) {
  start_left();
  Session session = open("left");
  (void)run(session, "start-child");
  EXPECT_EQ(run(session, "wait-for-child").text(), "7");
}

}  // namespace
}  // namespace ringmaster
