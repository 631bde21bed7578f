#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/as_user.h"

namespace ringmaster {
namespace {

std::string field(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
  }
  return {};
}

bool opens(pid_t pid, const char* file) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// How many ways into process `pid` are open to the caller.
int ways_into(pid_t pid) {
  int ways = 0;
  for (const char* file : {"mem", "environ", "fd", "auxv"}) ways += opens(pid, file) ? 1 : 0;
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0) ++ways;
  return ways;
}

/// A pool whose workers are nobody's, and so is a client of the same user.
class DaemonGuard : public DaemonTest {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "needs root";
    DaemonTest::SetUp();
    // The build may lie where nobody else looks.
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    worker_ = folder_ + "/worker";
    std::filesystem::copy_file(TEST_WORKER, worker_);
    ASSERT_EQ(::chmod(worker_.c_str(), 0755), 0);
  }
  void start_as(const std::string& user, const std::string& more = {}) {
    start_with("[pool.t]\ncommand = [\"" + worker_ + "\"]\nworkers = 2\nspares = 1\nuser = \"" + user + "\"\n" + more);
    // Before that one is still on its way to its user.
    eventually("all workers are ready", [this] {
      const std::string text = log();
      unsigned ready = 0;
      for (auto at = text.find("worker ready"); at != std::string::npos; at = text.find("worker ready", at + 1))
        ++ready;
      return ready == 3;
    });
  }
  std::string worker_;
};

TEST_F(DaemonGuard, AClientOfThePoolsUserHasNoWayIntoItsWorkers) {
  start_as("nobody");
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "root's").status(), Status::Done);
  ASSERT_FALSE(workers().empty());
  for (const pid_t pid : workers()) {
    EXPECT_EQ(field(pid, "Uid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(as_user(kNobody, [pid] { return ways_into(pid); }), 0) << pid;
    EXPECT_EQ(field(pid, "NoNewPrivs"), "1");
    EXPECT_EQ(field(pid, "CapPrm"), "0000000000000000");
    EXPECT_EQ(field(pid, "CapAmb"), "0000000000000000");
  }
}

TEST_F(DaemonGuard, WorkersOfTheDaemonsOwnUserStayAsTheyAre) {
  start_as("root");
  ASSERT_FALSE(workers().empty());
  for (const pid_t pid : workers()) EXPECT_EQ(field(pid, "NoNewPrivs"), "0");
}

TEST_F(DaemonGuard, TheStacksOfGuardedWorkersAreTakenAllTheSame) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's handlers were there first";
#endif
  start_as("nobody", "run_timeout = \"200ms\"\ngrace = \"10ms\"\n");
  Session session = open();
  for (const auto& [handler, frame] :
       {std::pair{"segv", "write_to_nowhere (misbehaving_worker.cc:"}, std::pair{"hang", "#0 hang ("}}) {
    Outcome ended = run(session, handler);
    session.explain(ended, kPatience);
    EXPECT_NE(ended.facts().stack.find(frame), std::string::npos) << handler << ": " << ended.facts().stack;
  }
}

}  // namespace
}  // namespace ringmaster
