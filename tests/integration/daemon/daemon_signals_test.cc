#include <signal.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

// All that another process can send and that is neither a fault nor SIGKILL or SIGSTOP.
std::vector<int> outside_signals() {
  std::vector<int> signals;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    switch (signal) {
      case SIGKILL:
      case SIGSTOP:
      case SIGSEGV:
      case SIGBUS:
      case SIGFPE:
      case SIGILL:
      case SIGABRT:
      case SIGTRAP:
      case SIGSYS:
        break;
      default:
        signals.push_back(signal);
    }
  }
  return signals;
}

std::string name_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::vector<pid_t> found;
  for (pid_t child = 0; list >> child;) found.push_back(child);
  return found;
}

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
  void serves() {
    eventually("it serves", [&] {
      ConnectOptions options;
      options.socket = socket_;
      return Client::connect(options).has_value();
    });
  }
  [[nodiscard]] std::vector<pid_t> tracers() const {
    std::vector<pid_t> found;
    for (const pid_t pid : children_of(supervisor())) {
      if (name_of(pid) == "ringmaster-trc") found.push_back(pid);
    }
    return found;
  }
};

TEST_F(DaemonSignals, NoneButKillEndsTheSupervisor) {
  start();
  const pid_t before = supervisor();
  around([&] {
    for (const int signal : outside_signals()) EXPECT_EQ(::kill(before, signal), 0) << signal;
  });
  EXPECT_EQ(supervisor(), before);
  EXPECT_EQ(log().find("the supervisor ended"), std::string::npos) << log();
}

// Every role at once, with jobs that begin, run and end meanwhile.
TEST_F(DaemonSignals, NoneCostsAJobUnderLoad) {
  start();
  eventually("a tracer runs", [&] { return !tracers().empty(); });
  eventually("all workers are ready", [&] { return count_in(log(), "worker ready") == 3; });
  const pid_t before = supervisor();
  const std::vector<pid_t> workers_before = all_workers();
  const std::vector<pid_t> tracers_before = tracers();
  std::atomic<bool> ending{false};
  std::atomic<int> done{0};
  std::thread load([&] {
    Session session = open();
    while (!ending) {
      std::vector<PendingJob> jobs;
      for (const char* const ms : {"0", "1", "5", "20"}) {
        auto job = session.submit("sleep", Request{}, {{"ms", ms}});
        if (job) jobs.push_back(std::move(*job));
      }
      EXPECT_EQ(jobs.size(), 4U);
      for (PendingJob& job : jobs) {
        const auto outcome = job.wait_for(kPatience);
        EXPECT_TRUE(outcome && outcome->status() == Status::Done) << (outcome ? outcome->describe() : "no outcome");
        ++done;
      }
    }
  });
  for (int round = 0; round < 3; ++round) {
    for (const int signal : outside_signals()) {
      // To the keeper these are requests: to stop, and to rest as any program does at Ctrl-Z.
      const bool request = signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP;
      if (!request) {
        EXPECT_EQ(::kill(keeper_, signal), 0) << signal;
      }
      EXPECT_EQ(::kill(before, signal), 0) << signal;
      for (const pid_t pid : workers_before) EXPECT_EQ(::kill(pid, signal), 0) << signal;
      for (const pid_t pid : tracers_before) EXPECT_EQ(::kill(pid, signal), 0) << signal;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
  }
  const int so_far = done;
  eventually("jobs go on", [&] { return done >= so_far + 8; });
  ending = true;
  load.join();
  EXPECT_EQ(supervisor(), before);
  EXPECT_EQ(workers(), workers_before);
  EXPECT_EQ(tracers(), tracers_before);
  EXPECT_EQ(log().find("level=error"), std::string::npos) << log();
}

TEST_F(DaemonSignals, ProgramsThatAJobStartsBeginWithTheDefaults) {
  start();
  Session session = open();
  const Outcome outcome = run(session, "child-status");
  ASSERT_EQ(outcome.status(), Status::Done) << outcome.describe();
  std::stringstream lines{std::string(outcome.text())};
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) found += line + "\n";
  }
  EXPECT_EQ(found, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(DaemonSignals, FaultsThatOthersSendCountAsKill) {
  start();
  around([&] {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGTRAP}) {
      const pid_t before = supervisor();
      ASSERT_EQ(::kill(before, signal), 0);
      eventually("a successor runs", [&] { return supervisor() != 0 && supervisor() != before; });
      serves();
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

// Keeper and supervisor write the same file, which the shell opened without O_APPEND.
TEST_F(DaemonSignals, NoLineOfTheKeeperIsLostInAFile) {
  output_flags_ = 0;
  start();
  for (int death = 0; death < 5; ++death) {
    replace_supervisor();
    serves();
    Session session = open();
    EXPECT_EQ(run(session, "echo", {}, {}, "still").text(), "still");
  }
  std::stringstream lines(log());
  std::vector<int> told(6);
  int ends = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(line.find('\0'), std::string::npos);
    if (line == "ringmasterd: the supervisor ended with signal 9; starting a successor") ++ends;
    for (int i = 2; i <= 6; ++i) {
      if (line.starts_with("ringmasterd: supervisor " + std::to_string(i) + " started (pid "))
        ++told[static_cast<std::size_t>(i) - 1];
    }
  }
  EXPECT_EQ(ends, 5) << log();
  EXPECT_EQ(told, (std::vector<int>{0, 1, 1, 1, 1, 1})) << log();
}

TEST_F(DaemonSignals, WorkersShowTheirPlaceAsTheirName) {
  start();
  eventually("three workers are named", [&] {
    std::string names;
    for (const pid_t pid : workers()) names += name_of(pid) + " ";
    return names.find("rm:t[0] ") != std::string::npos && names.find("rm:t[1] ") != std::string::npos &&
           names.find("rm:t[2] ") != std::string::npos;
  });
}

}  // namespace
}  // namespace ringmaster
