#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

/// A client whose CLOCK_MONOTONIC is another one than the daemon's, as in a container that was moved.
class DaemonClock : public DaemonTest {
 protected:
  /// `ringmaster ARGUMENTS` in a time namespace that is `seconds` ahead; its exit code. nullopt: none can be made here.
  [[nodiscard]] std::optional<int> run_ahead(std::int64_t seconds, const std::string& arguments) const {
    const std::string command = std::string(RINGMASTER) + " --socket " + socket_ + " " + arguments;
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr int kCannot = 77;
      if (::unshare(CLONE_NEWTIME) != 0) ::_exit(kCannot);
      std::ofstream offsets("/proc/self/timens_offsets");
      offsets << "monotonic " << seconds << " 0\n" << std::flush;
      if (!offsets) ::_exit(kCannot);
      // The new clock is that of children.
      const int status = std::system(command.c_str());
      ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return code == 77 ? std::nullopt : std::optional<int>(code);
  }

  [[nodiscard]] static std::int64_t uptime() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
  }
};

TEST_F(DaemonClock, AClientWhoseClockIsBehindIsNotLateAtOnce) {
  start();
  const auto code = run_ahead(-(uptime() / 2), "submit t/empty --queue-timeout 60s </dev/null");
  if (!code) GTEST_SKIP() << "no time namespace can be made here";
  EXPECT_EQ(*code, 0);
}

TEST_F(DaemonClock, AClientWhoseClockIsAheadIsStillLateInTheEnd) {
  start();
  Session session = open();
  std::vector<PendingJob> blockers;
  for (int i = 0; i < 2; ++i) {
    auto job = session.submit("sleep", Request{}, {{"ms", "60000"}});
    ASSERT_TRUE(job);
    blockers.push_back(std::move(*job));
  }
  const std::string out = folder_ + "/late";
  const auto code = run_ahead(100'000, "submit t/empty --queue-timeout 200ms </dev/null >" + out + " 2>&1");
  for (PendingJob& job : blockers) job.cancel();
  for (PendingJob& job : blockers) EXPECT_TRUE(job.wait_for(kPatience));
  if (!code) GTEST_SKIP() << "no time namespace can be made here";
  EXPECT_NE(*code, 0);
  std::ifstream file(out);
  const std::string said((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(said.find("queue"), std::string::npos) << said;
}

}  // namespace
}  // namespace ringmaster
