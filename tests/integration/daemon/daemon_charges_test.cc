#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// Whom workers' deaths are charged to, and what that costs them and nobody else.
namespace ringmaster {
namespace {

using namespace std::chrono_literals;
namespace v1 = control::v1;

class DaemonCharges : public DaemonTest {
 protected:
  [[nodiscard]] v1::PoolStatus status() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    if (!answer) throw std::runtime_error(answer.error().message);
    return answer->reply.status().pools(0);
  }
  [[nodiscard]] Client connect() const {
    ConnectOptions options;
    options.socket = socket_;
    return Client::connect(options).value();
  }

  /// Crashing jobs, one after the other, until one is refused: its outcome.
  Outcome crash_until_refused(Session& session) {
    while (true) {
      Outcome outcome = run(session, "crash");
      if (outcome.status() != Status::Crashed) return outcome;
    }
  }
};

const char* const kSmallBudget =
    "run_timeout = \"20s\"\n[pool.t.restart]\nbudget = 4\nwindow = \"200s\"\nbackoff_initial = \"10ms\"\n";

TEST_F(DaemonCharges, AnotherUidsJobsAreServedWhileOneUidsJobsCrash) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  start(kSmallBudget);
  constexpr int kJobs = 40;
  const pid_t other = as_another_uid([this] {
    Session session = open();
    int not_done = 0;
    for (int i = 0; i < kJobs; ++i) {
      if (run(session, "echo", {}, {}, "other").status() != Status::Done) ++not_done;
      ::usleep(50'000);
    }
    return not_done;
  });
  Session session = open();
  unsigned refused = 0;
  unsigned crashed = 0;
  std::deque<PendingJob> jobs;
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(other), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) {
    while (jobs.size() < 32) jobs.push_back(session.submit("crash", Request{}).value());
    const Outcome outcome = jobs.front().wait_for(kPatience).value();
    jobs.pop_front();
    ++(outcome.status() == Status::Crashed ? crashed : refused);
  }
  EXPECT_EQ(code_of(other), 0) << "jobs of another uid that were not done";
  EXPECT_GE(crashed, 5U);
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(log().find("quarantined"), std::string::npos);
  const v1::PoolStatus now = status();
  ASSERT_EQ(now.charges_size(), 1);
  EXPECT_EQ(now.charges(0).uid(), 0U);
}

TEST_F(DaemonCharges, AUidWhoseJobsEndWorkersInARowIsRefusedWithASentenceByEveryWay) {
  start(kSmallBudget);
  Session session = open();
  const Outcome refused = crash_until_refused(session);
  EXPECT_EQ(refused.status(), Status::Refused) << refused.describe();
  EXPECT_EQ(refused.cause(), Cause::Refused);
  EXPECT_EQ(refused.attempts(), 0U);
  const std::string did = "jobs of uid " + std::to_string(::geteuid()) + " ended 5 workers of ";
  EXPECT_NE(refused.message().find(did + "this pool"), std::string::npos) << refused.describe();
  EXPECT_NE(refused.message().find("for another "), std::string::npos) << refused.describe();

  const auto opened = connect().open("t", {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(did + "pool \"t\""), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find("refused for another "), std::string::npos) << opened.error().message;
  const auto message = connect().run("t", "echo", {});
  EXPECT_FALSE(message && message->ok());

  const v1::PoolStatus now = status();
  EXPECT_FALSE(now.quarantined());
  ASSERT_EQ(now.charges_size(), 1);
  EXPECT_EQ(now.charges(0).standing(), "refused");
  EXPECT_EQ(now.charges(0).workers(), 5U);
  EXPECT_GT(now.charges(0).refused_for_ms(), 0U);
  EXPECT_NE(now.charges(0).cause().find("SIGSEGV"), std::string::npos);
  EXPECT_GE(now.counters().refused(), 1U);
  EXPECT_NE(log().find("are refused for a while"), std::string::npos);
}

TEST_F(DaemonCharges, TheChargeOutlivesTheSupervisorAndEveryWorker) {
  start(kSmallBudget);
  Session session = open();
  EXPECT_EQ(crash_until_refused(session).cause(), Cause::Refused);
  replace_supervisor();
  EXPECT_EQ(run(session, "crash").cause(), Cause::Refused);
  const std::vector<pid_t> old = all_workers();
  for (const pid_t pid : old) ::kill(pid, SIGKILL);
  eventually("there are new workers", [&] {
    const auto now = workers();
    return !now.empty() && std::none_of(now.begin(), now.end(),
                                        [&](pid_t pid) { return std::find(old.begin(), old.end(), pid) != old.end(); });
  });
  EXPECT_EQ(run(session, "crash").cause(), Cause::Refused);
  const v1::PoolStatus now = status();
  ASSERT_EQ(now.charges_size(), 1);
  EXPECT_EQ(now.charges(0).standing(), "refused");
}

TEST_F(DaemonCharges, ARefusalEnds) {
  start("[pool.t.restart]\nbudget = 2\nwindow = \"2s\"\nbackoff_initial = \"1ms\"\n");
  Session session = open();
  EXPECT_EQ(crash_until_refused(session).cause(), Cause::Refused);
  eventually("its jobs are taken again", [&] { return run(session, "echo").status() == Status::Done; });
  eventually("it owes nothing", [this] { return status().charges_size() == 0; });
}

TEST_F(DaemonCharges, AJobThatLetsItsWorkerDieBehindItIsCharged) {
  start(kSmallBudget);
  Session session = open();
  EXPECT_EQ(run(session, "crash-later").status(), Status::Done);
  eventually("its uid is charged", [this] { return status().charges_size() == 1; });
  EXPECT_EQ(status().charges(0).workers(), 1U);
}

TEST_F(DaemonCharges, AWorkerThatDiesBeforeItsFirstJobIsNobodysFault) {
  start(kSmallBudget);
  ::kill(a_worker(), SIGABRT);
  eventually("it is buried", [this] { return status().counters().worker_deaths() == 1; });
  EXPECT_EQ(status().charges_size(), 0);
}

TEST_F(DaemonCharges, AnotherUidSeesNothingOfACharge) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  start(kSmallBudget);
  const pid_t other = as_another_uid([this] {
    eventually("something was charged", [this] { return status().counters().worker_deaths() >= 1; });
    return status().charges_size();
  });
  Session session = open();
  EXPECT_EQ(run(session, "crash").status(), Status::Crashed);
  eventually("it is charged", [this] { return status().charges_size() == 1; });
  EXPECT_EQ(code_of(other), 0);
}

}  // namespace
}  // namespace ringmaster
