#include <signal.h>

#include <fstream>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

class DaemonSignals : public DaemonTest {
 protected:
  // A job that runs while `act` happens, and must end as done.
  void around(const std::function<void()>& act) {
    Session session = open();
    auto job = session.submit("sleep", Request{}, {{"ms", "3000"}});
    ASSERT_TRUE(job) << job.error().message;
    act();
    const auto outcome = job->wait_for(kPatience);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
    EXPECT_EQ(log().find("cold"), std::string::npos) << log();
  }
};

TEST_F(DaemonSignals, NoneButKillEndsTheSupervisor) {
  start();
  const pid_t before = supervisor();
  around([&] {
    for (int signal = 1; signal < SIGRTMAX; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP) continue;
      const bool fault = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
                         signal == SIGABRT || signal == SIGTRAP || signal == SIGSYS;
      if (!fault) {
        EXPECT_EQ(::kill(before, signal), 0) << signal;
      }
    }
  });
  EXPECT_EQ(supervisor(), before);
  EXPECT_EQ(log().find("the supervisor ended"), std::string::npos) << log();
}

TEST_F(DaemonSignals, FaultsThatOthersSendCountAsKill) {
  start();
  around([&] {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGTRAP}) {
      const pid_t before = supervisor();
      ASSERT_EQ(::kill(before, signal), 0);
      eventually("a successor runs", [&] { return supervisor() != 0 && supervisor() != before; });
      eventually("it serves", [&] {
        ConnectOptions options;
        options.socket = socket_;
        return Client::connect(options).has_value();
      });
    }
  });
}

TEST_F(DaemonSignals, KeeperIgnoresAllButTheRequestsToStop) {
  start();
  around([&] {
    for (const int signal :
         {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGXFSZ, SIGXCPU, SIGTTOU, SIGTTIN, SIGRTMIN}) {
      EXPECT_EQ(::kill(keeper_, signal), 0);
    }
  });
  ASSERT_EQ(::kill(keeper_, SIGQUIT), 0);
  EXPECT_EQ(wait_keeper(), 0);
}

TEST_F(DaemonSignals, WorkersShowTheirPlaceAsTheirName) {
  start();
  eventually("three workers are named", [&] {
    std::string names;
    for (const pid_t pid : workers()) {
      std::string name;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
      names += name + " ";
    }
    return names.find("rm:t[0] ") != std::string::npos && names.find("rm:t[1] ") != std::string::npos &&
           names.find("rm:t[2] ") != std::string::npos;
  });
}

}  // namespace
}  // namespace ringmaster
