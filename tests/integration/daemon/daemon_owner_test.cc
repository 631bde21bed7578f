#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "tests/integration/daemon/daemon_fixture.h"
#include "tests/testing/process_state.h"

// A daemon that ends with the process that it is for (--owner-fd).
namespace ringmaster {
namespace {

constexpr int kNumber = 9;  // of its descriptor, as the daemon gets it

class DaemonOwner : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    theirs_.reset(ends[0]);
    ours_.reset(ends[1]);
    before_exec_ = [this] { ::dup2(theirs_.get(), kNumber); };
    more_arguments_ = {"--owner-fd", std::to_string(kNumber)};
  }
  void TearDown() override {
    if (owner_ != 0) {
      ::kill(owner_, SIGKILL);
      ::waitpid(owner_, nullptr, 0);
    }
    DaemonTest::TearDown();
  }
  /// From now on another process holds what tells of the owner's end, and it alone.
  void hand_over() {
    owner_ = ::fork();
    ASSERT_GE(owner_, 0);
    if (owner_ == 0) {
      for (;;) ::pause();
    }
    ours_.reset();
    theirs_.reset();
  }
  /// Waits for the daemon's end in good order, and that nothing is left of it.
  void expect_gone(const std::vector<pid_t>& all) {
    EXPECT_EQ(wait_keeper(), 0);
    expect_ended(all);
    EXPECT_FALSE(std::filesystem::exists(socket_));
  }
  static void expect_ended(const std::vector<pid_t>& all) {
    for (const pid_t pid : all) EXPECT_FALSE(is_running(pid)) << "left over: " << pid;
  }
  [[nodiscard]] std::string pipe_name() const {
    struct stat status {};
    ::fstat(theirs_.get(), &status);
    return "pipe:[" + std::to_string(status.st_ino) + "]";
  }
  static bool holds(pid_t pid, const std::string& name) {
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
      if (std::filesystem::read_symlink(entry, gone) == name) return true;
    }
    return false;
  }

  UniqueFd ours_, theirs_;
  pid_t owner_ = 0;
};

TEST_F(DaemonOwner, ItStopsInGoodOrderWhenItsOwnerLetsGo) {
  start();
  const std::vector<pid_t> all = children();
  ours_.reset();
  expect_gone(all);
  EXPECT_EQ(count_in(log(), "the owner has gone; stopping"), 1U);
}

// The owner is killed, a worker is in an endless loop, the client that wanted it waits.
TEST_F(DaemonOwner, NothingOutlivesAnOwnerThatIsKilledWhateverAWorkerDoes) {
  start_with("[daemon]\nshutdown_timeout = \"100ms\"\n[pool.t]\ncommand = [\"" TEST_WORKER
             "\"]\nworkers = 2\nspares = 1\nrun_timeout = \"60s\"\n");
  Session session = open();
  const std::vector<pid_t> before = all_workers();
  PendingJob job = session.submit("hang", Request{}).value();
  PendingJob stubborn = session.submit("hang-stubborn", Request{}).value();
  hand_over();
  const std::vector<pid_t> all = children();
  ASSERT_EQ(::kill(owner_, SIGKILL), 0);
  const int code = wait_keeper();
  EXPECT_TRUE(code == 0 || code == 1) << code;  // 1: a machine on which two seconds are too few for the rest
  expect_ended(all);
  EXPECT_EQ(job.wait().status(), Status::Lost);
}

TEST_F(DaemonOwner, ASuccessorsDaemonEndsWithItToo) {
  start();
  replace_supervisor();
  hand_over();
  const std::vector<pid_t> all = children();
  ASSERT_EQ(::kill(owner_, SIGKILL), 0);
  expect_gone(all);
}

TEST_F(DaemonOwner, AStopThatIsUnderWayIsNoSecondSignal) {
  start("run_timeout = \"20s\"\n");
  Session session = open();
  PendingJob job = session.submit("sleep-deaf", Request{}, {{"ms", "500"}}).value();
  ours_.reset();
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  EXPECT_EQ(wait_keeper(), 0);
  EXPECT_EQ(count_in(log(), "killing everything"), 0U);
}

TEST_F(DaemonOwner, OneThatHasGoneBeforeIsSeen) {
  ours_.reset();
  std::string said;
  EXPECT_EQ(run_second(said), 0);
  EXPECT_EQ(count_in(said, "the owner has gone before the daemon began"), 1U) << said;
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

// However far the start has come by then.
TEST_F(DaemonOwner, OneThatGoesWhileTheDaemonStartsIsSeen) {
  for (const std::string& until : {folder_, socket_ + ".lock", socket_}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    theirs_.reset(ends[0]);
    UniqueFd held(ends[1]);
    const pid_t letting_go = ::fork();
    ASSERT_GE(letting_go, 0);
    if (letting_go == 0) {
      while (::access(until.c_str(), F_OK) != 0) ::sched_yield();
      ::_exit(0);
    }
    held.reset();
    std::string said;
    std::filesystem::remove(folder_ + "/second");
    EXPECT_EQ(run_second(said), 0) << said;
    EXPECT_EQ(count_in(said, "the owner has gone"), 1U) << said;
    EXPECT_FALSE(std::filesystem::exists(socket_));
    EXPECT_EQ(::waitpid(letting_go, nullptr, 0), letting_go);
  }
}

TEST_F(DaemonOwner, NobodyButTheKeeperHoldsItsEnd) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: nobody else sees what a daemon holds";
  start();
  const std::string name = pipe_name();
  EXPECT_TRUE(holds(keeper_, name));
  EXPECT_FALSE(holds(supervisor(), name));
  for (const pid_t worker : all_workers()) EXPECT_FALSE(holds(worker, name));
}

TEST_F(DaemonOwner, WhatItSaysIsNotListenedToAndCostsNothing) {
  start();
  ASSERT_EQ(::write(ours_.get(), "hello", 5), 5);
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
  EXPECT_EQ(count_in(log(), "the owner has gone"), 0U);
}

TEST_F(DaemonOwner, ASocketDoesAsWell) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  theirs_.reset(ends[0]);
  ours_.reset(ends[1]);
  start();
  const std::vector<pid_t> all = children();
  ours_.reset();
  expect_gone(all);
}

TEST_F(DaemonOwner, StandardInputDoesAsWellAndWorkersReadNothingThere) {
  before_exec_ = [this] { ::dup2(theirs_.get(), 0); };
  more_arguments_ = {"--owner-fd", "0"};
  start();
  const std::string name = pipe_name();
  EXPECT_FALSE(holds(supervisor(), name));
  for (const pid_t worker : all_workers()) EXPECT_FALSE(holds(worker, name));
  const std::vector<pid_t> all = children();
  ours_.reset();
  expect_gone(all);
}

class DaemonRuntimeFolder : public DaemonOwner {
 protected:
  void SetUp() override {
    DaemonOwner::SetUp();
    runtime_ = folder_ + "/runtime";
    ASSERT_EQ(::mkdir(runtime_.c_str(), 0700), 0);
    socket_ = runtime_ + "/socket";
    more_arguments_.insert(more_arguments_.end(), {"--runtime-folder", runtime_});
  }
  std::string runtime_;
};

TEST_F(DaemonRuntimeFolder, GoesWithTheDaemonOfAnOwnerThatIsKilled) {
  start();
  std::filesystem::create_directory(runtime_ + "/pool");
  std::ofstream(runtime_ + "/pool/boot") << "what the owner has put there";
  hand_over();
  ASSERT_EQ(::kill(owner_, SIGKILL), 0);
  expect_gone({});
  EXPECT_FALSE(std::filesystem::exists(runtime_));
}

TEST_F(DaemonRuntimeFolder, GoesWithADaemonThatCannotBegin) {
  ours_.reset();
  std::string said;
  EXPECT_EQ(run_second(said), 0) << said;
  EXPECT_FALSE(std::filesystem::exists(runtime_));
}

TEST_F(DaemonRuntimeFolder, StaysWhereItHoldsWhatIsNotTheDaemons) {
  std::ofstream(runtime_ + "/letters") << "dear";
  std::string said;
  EXPECT_EQ(run_second(said), 64);
  EXPECT_NE(said.find(runtime_ + ": is not new"), std::string::npos) << said;
  EXPECT_TRUE(std::filesystem::exists(runtime_ + "/letters"));
}

TEST_F(DaemonOwner, AWrongNumberIsAnErrorThatSaysWhatToPass) {
  more_arguments_ = {"--owner-fd", "77"};
  std::string said;
  EXPECT_EQ(run_second(said), 64);
  EXPECT_NE(said.find("--owner-fd 77: is not open: pass the read end of a pipe"), std::string::npos) << said;
}

}  // namespace
}  // namespace ringmaster
