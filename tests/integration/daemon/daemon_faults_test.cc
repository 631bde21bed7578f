#include <signal.h>

#include <algorithm>
#include <fstream>

#include "client/cli/protobuf_link.h"
#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/process_state.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonFaults : public DaemonTest {
 protected:
#ifdef __SANITIZE_ADDRESS__
  static constexpr bool kOursAlone = false;  // the sanitizer's handlers were there first
#else
  static constexpr bool kOursAlone = true;
#endif

  [[nodiscard]] v1::PoolStatus status() const {
    ConnectOptions options;
    options.socket = socket_;
    auto client = Client::connect(options);
    v1::Request request;
    request.mutable_get_status();
    if (!client) return {};
    const auto answer = client::ask_for(client->link(), request, v1::Reply::kStatus);
    return answer ? answer->reply.status().pools(0) : v1::PoolStatus{};
  }
  [[nodiscard]] v1::Incident last_incident() const {
    const auto all = status();
    return all.incidents_size() == 0 ? v1::Incident{} : all.incidents(0);
  }
  /// Waits until names have been found for the last incident's stack.
  v1::Incident named_incident(const std::string& wanted) {
    v1::Incident incident;
    eventually("the stack has names", [&] {
      incident = last_incident();
      return incident.stack().find(wanted) != std::string::npos;
    });
    if (HasFailure()) ADD_FAILURE() << incident.stack() << incident.full_stack();
    return incident;
  }
  void workers_are_back() {
    eventually("every worker is back", [this] {
      const auto now = status();
      if (now.workers_size() != 3) return false;
      for (const auto& worker : now.workers()) {
        if (worker.state() != "active" && worker.state() != "spare") return false;
      }
      return true;
    });
  }
  [[nodiscard]] pid_t tracer() const {
    const std::string pid = std::to_string(supervisor());
    std::ifstream list("/proc/" + pid + "/task/" + pid + "/children");
    pid_t found = 0;
    list >> found;
    return found;
  }
};

struct Fault {
  const char* handler;
  int signal;
  const char* function;  ///< of the frame where it happened
  const char* what;
};

TEST_F(DaemonFaults, EveryFaultHasItsSignalItsStackAndItsWords) {
  start();
  Session session = open();
  for (const Fault& fault :
       {Fault{"segv", SIGSEGV, "write_to_nowhere", "nothing is mapped at 0x0"},
        Fault{"divide", SIGFPE, "divide", "an integer was divided by 0"},
        Fault{"abort-plainly", SIGABRT, "abort_plainly", ""}, Fault{"overflow", SIGSEGV, "overflow_from", ""},
        Fault{"throw-in-thread", SIGABRT, "throw_as_told", "uncaught std::runtime_error: as told"}}) {
    const Outcome crashed = run(session, fault.handler);
    EXPECT_EQ(crashed.status(), Status::Crashed) << fault.handler;
    if (!kOursAlone) continue;
    EXPECT_EQ(crashed.detail(), fault.signal) << fault.handler;
    const auto incident = named_incident(fault.function);
    EXPECT_EQ(incident.detail(), fault.signal);
    EXPECT_EQ(incident.handler(), fault.handler);
    EXPECT_NE(incident.job_id(), 0U);
    EXPECT_EQ(incident.stack().rfind('#', 0), 0U) << incident.stack();
    EXPECT_NE(incident.stack().find("misbehaving_worker.cc:"), std::string::npos) << incident.stack();
    for (const char* ours : {"JobContext", "HandlerTable", "libc.so", "fault", "main ("}) {
      EXPECT_EQ(incident.stack().find(ours), std::string::npos) << ours << " in " << incident.stack();
    }
    if (*fault.what != '\0') {
      EXPECT_EQ(incident.what(), fault.what);
    }
    workers_are_back();
  }
  if (kOursAlone) {
    EXPECT_NE(last_incident().full_stack().find("libc"), std::string::npos);
  }
}

TEST_F(DaemonFaults, TheCallerLearnsWhereItsJobCrashed) {
  if (!kOursAlone) GTEST_SKIP();
  start();
  Session session = open();
  Outcome crashed = run(session, "segv");
  EXPECT_EQ(crashed.facts().handler, "segv");
  session.explain(crashed, kPatience);
  EXPECT_EQ(crashed.facts().worker.rfind("t[", 0), 0U) << crashed.facts().worker;
  EXPECT_NE(crashed.facts().stack.find("write_to_nowhere (misbehaving_worker.cc:"), std::string::npos)
      << crashed.facts().stack;
  EXPECT_EQ(crashed.facts().what, "nothing is mapped at 0x0");
  const std::string line = crashed.describe();
  EXPECT_EQ(line.rfind("crashed by signal 11 (SIGSEGV)", 0), 0U) << line;
  EXPECT_NE(line.find(" in misbehaving_worker.cc:"), std::string::npos) << line;
  EXPECT_NE(line.find("worker " + crashed.facts().worker + ")"), std::string::npos) << line;
  Outcome fine = run(session, "echo", {}, {}, "x");
  session.explain(fine);
  EXPECT_EQ(fine.facts().stack, "");
}

TEST_F(DaemonFaults, AMessageJobsOutcomeHasItsStackAtOnce) {
  if (!kOursAlone) GTEST_SKIP();
  start();
  ConnectOptions options;
  options.socket = socket_;
  auto client = Client::connect(options);
  ASSERT_TRUE(client);
  auto crashed = client->run("t", "throw-in-thread", {}, {{"message", "no luck"}});
  ASSERT_TRUE(crashed) << crashed.error().message;
  EXPECT_EQ(crashed->facts().handler, "throw-in-thread");
  EXPECT_EQ(crashed->facts().worker.rfind("t[", 0), 0U);
  EXPECT_EQ(crashed->facts().what, "uncaught std::runtime_error: no luck");
  EXPECT_EQ(crashed->facts().stack.rfind('#', 0), 0U) << crashed->facts().stack;
  client->explain(*crashed, kPatience);
  EXPECT_NE(crashed->facts().stack.find("throw_as_told"), std::string::npos) << crashed->facts().stack;
}

TEST_F(DaemonFaults, AStackOutlivesItsSupervisor) {
  if (!kOursAlone) GTEST_SKIP();
  start();
  Session session = open();
  Outcome crashed = run(session, "segv");
  (void)named_incident("write_to_nowhere");
  replace_supervisor();
  eventually("the successor answers", [&] {
    session.explain(crashed);
    return !crashed.facts().stack.empty();
  });
  EXPECT_NE(crashed.facts().stack.find("write_to_nowhere"), std::string::npos);
}

TEST_F(DaemonFaults, TheHandlersOwnSignalHandlerReplacesOurs) {
  start();
  Session session = open();
  const Outcome gone = run(session, "own-handler");
  EXPECT_EQ(gone.cause(), Cause::CrashedExit) << gone.describe();
  EXPECT_EQ(gone.detail(), 42);
}

TEST_F(DaemonFaults, AForkedChildsFaultIsItsOwn) {
  start();
  Session session = open();
  const Outcome done = run(session, "crash-in-fork");
  EXPECT_EQ(done.status(), Status::Done) << done.describe();
  if (kOursAlone) {
    EXPECT_EQ(done.text(), std::to_string(SIGSEGV));
  }
  EXPECT_EQ(status().incidents_size(), 0);
}

TEST_F(DaemonFaults, AFaultInAnotherThreadEndsTheJob) {
  if (!kOursAlone) GTEST_SKIP() << "a sanitizer's handler lets the job end while it writes its report";
  start();
  Session session = open();
  const Outcome crashed = run(session, "fault-beside");
  EXPECT_EQ(crashed.status(), Status::Crashed) << crashed.describe();
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
}

TEST_F(DaemonFaults, TheSameFaultAgainRefersToTheFirst) {
  if (!kOursAlone) GTEST_SKIP();
  start();
  Session session = open();
  EXPECT_EQ(run(session, "segv").status(), Status::Crashed);
  const auto first = named_incident("write_to_nowhere");
  EXPECT_EQ(first.same_as(), 0U);
  workers_are_back();
  EXPECT_EQ(run(session, "segv").status(), Status::Crashed);
  v1::Incident second;
  eventually("the second incident", [&] { return (second = last_incident()).serial() != first.serial(); });
  EXPECT_EQ(second.same_as(), first.serial());
  EXPECT_EQ(second.stack(), first.stack());
}

TEST_F(DaemonFaults, ATracerThatDiesIsReplaced) {
  if (!kOursAlone) GTEST_SKIP();
  start();
  Session session = open();
  pid_t old = 0;
  eventually("a tracer runs", [&] { return (old = tracer()) != 0; });
  ASSERT_EQ(::kill(old, SIGKILL), 0);
  eventually("it is gone", [&] { return !is_running(old); });
  EXPECT_EQ(run(session, "segv").status(), Status::Crashed);
  (void)named_incident("write_to_nowhere");
}

TEST_F(DaemonFaults, WithoutASupervisorTheWorkerDiesAllTheSame) {
  start();
  Session session = open();
  const std::vector<pid_t> before = all_workers();
  const pid_t stopped = supervisor();
  ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
  auto job = session.submit("segv", Request{});
  ASSERT_TRUE(job);
  eventually("a worker is dead",
             [&] { return std::any_of(before.begin(), before.end(), [](pid_t pid) { return !is_running(pid); }); });
  ASSERT_EQ(::kill(stopped, SIGCONT), 0);
  const auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Crashed) << outcome->describe();
  if (kOursAlone) {
    EXPECT_EQ(outcome->detail(), SIGSEGV);
  }
}

TEST_F(DaemonFaults, ASuccessorFindsTheFaultOfAWorkerWhoseSupervisorDied) {
  start();
  Session session = open();
  for (int round = 0; round < 3; ++round) {
    auto job = session.submit("segv", Request{});
    ASSERT_TRUE(job);
    replace_supervisor();
    const auto outcome = job->wait_for(kPatience);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status(), Status::Crashed) << outcome->describe();
    if (kOursAlone) {
      EXPECT_EQ(outcome->detail(), SIGSEGV) << outcome->describe();
    }
    workers_are_back();
  }
}

}  // namespace
}  // namespace ringmaster
