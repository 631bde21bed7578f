#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/bench/measures.h"
#include "tests/bench/samples.h"

namespace ringmaster::bench {
namespace {

constexpr uid_t kHeavy = 65534;
constexpr std::size_t kSessions = 16;
constexpr std::size_t kQueuedInEach = 64;
constexpr int kJobs = 300;

PendingJob submit(Session& session) {
  return session.submit("pause", Request{}, Arguments{Argument{"us", "10000"}}).value();
}

Session open_fair(const Daemon& daemon) {
  return daemon.connect().open("fair", {.slots = 64, .request_ring_bytes = 65536, .result_ring_bytes = 65536}).value();
}

double light_p99_ms(Session& session) {
  std::vector<double> times;
  for (int i = 0; i < kJobs; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto start = Clock::now();
    if (!submit(session).wait().ok()) throw std::runtime_error("a light user's job was not done");
    times.push_back(bench::milliseconds(Clock::now() - start));
  }
  return percentile(std::move(times), 0.99);
}

/// Keeps every session's queue full until its killer comes. Tells by a byte that it has begun.
[[noreturn]] void be_heavy(const Daemon& daemon, int tell) try {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kHeavy, kHeavy, kHeavy) != 0 ||
      ::setresuid(kHeavy, kHeavy, kHeavy) != 0) {
    ::_exit(1);
  }
  struct Queue {
    Session session;
    std::deque<PendingJob> jobs;
  };
  std::vector<Queue> queues;
  for (std::size_t i = 0; i < kSessions; ++i) queues.push_back({open_fair(daemon), {}});
  for (bool told = false;; told = true) {
    for (Queue& queue : queues) {
      while (!queue.jobs.empty() && queue.jobs.front().ended()) queue.jobs.pop_front();
      while (queue.jobs.size() < kQueuedInEach) queue.jobs.push_back(submit(queue.session));
    }
    if (!told && ::write(tell, "x", 1) != 1) ::_exit(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
} catch (...) {
  ::_exit(1);
}

/// The heavy user's process, for as long as this lives.
class HeavyUser {
 public:
  explicit HeavyUser(const Daemon& daemon) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      be_heavy(daemon, ends[1]);
    }
    ::close(ends[1]);
    char byte = 0;
    const bool begun = ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
    if (!begun) {
      end();
      throw std::runtime_error("the heavy user could not begin");
    }
  }
  HeavyUser(const HeavyUser&) = delete;
  HeavyUser& operator=(const HeavyUser&) = delete;
  ~HeavyUser() { end(); }

 private:
  void end() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid_ = -1;
};

}  // namespace

void measure_fairness(const Programs& programs, Report& report) {
  if (::geteuid() != 0) throw std::runtime_error("two users are needed: run it as root");
  const Daemon daemon(programs, "[pool.fair]\nhandlers = [\"" + programs.handlers + "\"]\nworkers = 2\nspares = 0\n");
  daemon.admit_everyone();
  // Before anything here connects: a fork carries no connection over.
  double beside = 0;
  {
    const HeavyUser heavy(daemon);
    auto session = open_fair(daemon);
    beside = light_p99_ms(session);
  }
  auto session = open_fair(daemon);
  report.add("fairness_light_p99_alone_ms", light_p99_ms(session));
  report.add("fairness_light_p99_ms", beside);
}

}  // namespace ringmaster::bench
