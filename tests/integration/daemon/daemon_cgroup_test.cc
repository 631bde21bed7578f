#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>

#include "base/unique_fd.h"
#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/scratch_cgroup.h"

namespace ringmaster::daemon {
namespace {

/// A daemon that makes the cgroups of its workers below one of the test's own.
class DaemonCgroup : public DaemonTest {
 protected:
  void start_in(const std::string& cgroup, const std::string& more = "") {
    start("run_timeout = \"20s\"\n" + more + "[daemon]\nlog_format = \"keyvalue\"\ncgroup = \"" + cgroup + "\"\n");
    // A successor takes over only those that had said ready.
    eventually("all workers are ready", [this] { return count_in(log(), "worker ready") == 3; });
  }
  std::set<std::string> groups_of_workers() const {
    std::set<std::string> groups;
    for (const pid_t pid : workers()) groups.insert(ScratchCgroup::group_of(pid));
    return groups;
  }
  // Every worker in a leaf of its own, and no leaf besides.
  void expect_settled() {
    eventually("three workers in three leaves", [this] {
      const auto groups = groups_of_workers();
      return groups.size() == 3 && groups == scratch_.leaves();
    });
  }
  void stop() {
    ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
    EXPECT_EQ(wait_keeper(), 0);
  }
  ScratchCgroup scratch_;
};

TEST_F(DaemonCgroup, EachWorkerIsInALeafThatGoesWithIt) {
  if (scratch_.path().empty()) GTEST_SKIP() << scratch_.why();
  start_in(scratch_.path());
  expect_settled();
  EXPECT_EQ(ScratchCgroup::group_of(keeper_), "daemon");
  EXPECT_EQ(ScratchCgroup::group_of(supervisor()), "daemon");
  EXPECT_NE(log().find("workers get cgroups below " + scratch_.path()), std::string::npos);
  const pid_t victim = a_worker();
  const std::string leaf = ScratchCgroup::group_of(victim);
  ASSERT_EQ(::kill(victim, SIGKILL), 0);
  eventually("its leaf is gone", [&] { return !scratch_.leaves().contains(leaf); });
  expect_settled();
  Session session = open();
  EXPECT_EQ(run(session, "fork-away", {{"die", "true"}}).status(), Status::Crashed);
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
  stop();
  EXPECT_TRUE(scratch_.leaves().empty());
}

TEST_F(DaemonCgroup, ASuccessorGoesOnWithThemAndClearsWhatIsLeftOver) {
  if (scratch_.path().empty()) GTEST_SKIP() << scratch_.why();
  start_in(scratch_.path());
  expect_settled();
  // As of a worker that its supervisor died over.
  UniqueFd left_over;
  ASSERT_EQ(make_cgroup(scratch_.fd(), "w900.7", left_over), 0);
  const std::set<std::string> before = scratch_.leaves();
  replace_supervisor();
  eventually("the left-over is gone", [&] { return !scratch_.leaves().contains("w900.7"); });
  expect_settled();
  EXPECT_TRUE(std::ranges::includes(before, scratch_.leaves())) << "the workers live on";
  EXPECT_EQ(ScratchCgroup::group_of(supervisor()), "daemon");
  ASSERT_EQ(::kill(a_worker(), SIGKILL), 0);
  eventually("another leaf", [&] { return scratch_.leaves() != before; });
  expect_settled();
  stop();
  EXPECT_TRUE(scratch_.leaves().empty());
}

TEST_F(DaemonCgroup, OneThatIsNotThereIsSaidAndDoneWithout) {
  start_in("/nonexistent");
  EXPECT_NE(log().find("no cgroup: cannot open"), std::string::npos) << log();
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "all the same").text(), "all the same");
}

TEST_F(DaemonCgroup, AMemoryLimitThatCannotBeKeptIsAWarning) {
  start_in("off", "memory_max = \"1GiB\"\n");
  EXPECT_NE(log().find("memory_max is not enforced"), std::string::npos) << log();
  EXPECT_NE(log().find("turned off"), std::string::npos);
}

TEST_F(DaemonCgroup, AJobThatTakesTooMuchMemoryEndsAsThat) {
  if (scratch_.path().empty()) GTEST_SKIP() << scratch_.why();
  if (!scratch_.has_memory()) GTEST_SKIP() << "no memory controller in \"" << scratch_.path() << "\"";
  start_in(scratch_.path(), "memory_max = \"128MiB\"\n");
  Session session = open();
  const Outcome hog = run(session, "hog");
  EXPECT_EQ(hog.cause(), Cause::OutOfMemory) << hog.describe();
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
}

// The service manager gives as much time as the jobs may take, however short its own patience is.
TEST_F(DaemonCgroup, AStopAsksTheServiceManagerForItsTimeout) {
  const std::string path = folder_ + "/notify";
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  start_in("off");
  ::unsetenv("NOTIFY_SOCKET");
  stop();
  std::string all;
  char text[1024];
  for (ssize_t got = 0; (got = ::recv(manager.get(), text, sizeof text, MSG_DONTWAIT)) > 0;) {
    all.append(text, static_cast<std::size_t>(got)).append("\n");
  }
  EXPECT_NE(all.find("STOPPING=1\nEXTEND_TIMEOUT_USEC=50000000\n"), std::string::npos) << all;
}

}  // namespace
}  // namespace ringmaster::daemon
