#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/unique_fd.h"
#include "client/cli/protobuf_link.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

class DaemonLife : public DaemonTest {};

TEST_F(DaemonLife, SecondDaemonOnTheSameSocketSaysSoAndEnds) {
  start();
  std::string output;
  EXPECT_EQ(run_second(output), 73);
  EXPECT_NE(output.find("another daemon serves"), std::string::npos) << output;
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "still there").text(), "still there");
}

TEST_F(DaemonLife, StaleSocketIsReplaced) {
  start();
  ASSERT_EQ(::kill(keeper_, SIGKILL), 0);
  wait_keeper();
  ASSERT_TRUE(std::filesystem::exists(socket_));
  // Its processes die with it, but not at the same instant, and some may not have been there yet when one looked. Until
  // then a second daemon rightly refuses.
  eventually("none of its processes holds the lock", [&] {
    const UniqueFd lock(::open((socket_ + ".lock").c_str(), O_RDONLY | O_CLOEXEC));
    return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  });
  start();
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "anew").text(), "anew");
}

TEST_F(DaemonLife, PoolWhoseWorkersNeverStartRefusesAndSaysWhy) {
  start("[pool.broken]\ncommand = [\"/bin/false\"]\nworkers = 1\n");
  EXPECT_THROW(
      {
        try {
          (void)open("broken");
        } catch (const std::runtime_error& error) {
          EXPECT_NE(std::string{error.what()}.find("exited with status 1"), std::string::npos) << error.what();
          throw;
        }
      },
      std::runtime_error);
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "the other pool").text(), "the other pool");
}

TEST_F(DaemonLife, TermLetsRunningJobsEndAndLosesQueuedOnes) {
  start();
  Session session = open();
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 6; ++i) {
    auto job = session.submit("sleep-deaf", Request{}, {{"ms", "500"}});
    ASSERT_TRUE(job) << job.error().message;
    jobs.push_back(std::move(*job));
  }
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  unsigned done = 0;
  unsigned lost = 0;
  for (PendingJob& job : jobs) {
    const auto outcome = job.wait_for(kPatience);
    ASSERT_TRUE(outcome);
    if (outcome->status() == Status::Done) ++done;
    if (outcome->status() == Status::Lost) ++lost;
  }
  EXPECT_EQ(done + lost, 6U);
  EXPECT_GE(lost, 1U);
  EXPECT_EQ(wait_keeper(), 0);
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(DaemonLife, StubbornJobIsKilledAfterTheShutdownTimeout) {
  start("run_timeout = \"1m\"\n[daemon]\nshutdown_timeout = \"300ms\"\n");
  Session session = open();
  auto job = session.submit("hang-stubborn", Request{});
  ASSERT_TRUE(job);
  eventually("a worker is busy", [&] { return workers().size() == 3; });
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  const auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Lost) << outcome->describe();
  EXPECT_EQ(wait_keeper(), 0);
}

TEST_F(DaemonLife, VanishedClientLeavesNoSession) {
  start();
  { Session session = open(); }
  ConnectOptions options;
  options.socket = socket_;
  const auto client = Client::connect(options);
  ASSERT_TRUE(client);
  eventually("the daemon knows of no session", [&client] {
    control::v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(client->link(), request, control::v1::Reply::kStatus);
    return answer && answer->reply.status().sessions_size() == 0;
  });
  // The keeper's descriptors are closed to its own user; root may look at them.
  if (::geteuid() != 0) return;
  eventually("the daemon lets go of its segments", [this] {
    std::size_t left = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(keeper_) + "/fd")) {
      std::error_code error;
      if (std::filesystem::read_symlink(entry.path(), error).string().find("-request") != std::string::npos) ++left;
    }
    return left == 0;
  });
}

}  // namespace
}  // namespace ringmaster
