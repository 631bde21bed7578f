#include "daemon/os/child/child_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/keeper_gone.h"
#include "daemon/os/child/exec_guard.h"
#include "daemon/os/signals.h"
#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/integration/keeper/keeper_stage.h"
#include "tests/testing/as_user.h"

namespace ringmaster {
namespace {

// Runs `program` in a forked child; what came through its error pipe.
daemon::SpawnFailure run(const daemon::ChildProgram& program) {
  auto [read_end, write_end] = keeper::make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) daemon::run_child_program(program, write_end.get());
  write_end.reset();
  daemon::SpawnFailure failure;
  while (::read(read_end.get(), &failure, sizeof failure) < 0 && errno == EINTR) {
  }
  ::waitpid(pid, nullptr, 0);
  return failure;
}

class ChildProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    program_.path = KEEPER_STAGE "/unruly-worker";
    program_.argv = argv_;
    program_.env = env_;
    program_.fds = fds_;
    program_.parent = ::getpid();
  }
  char name_[5] = "test";
  char* argv_[2] = {name_, nullptr};
  char* env_[1] = {nullptr};
  int fds_[3] = {0, 1, 2};
  daemon::ChildProgram program_;
};

TEST_F(ChildProgramTest, SaysNothingWhenItStarted) { EXPECT_EQ(run(program_).stage, daemon::SpawnStage::None); }

TEST_F(ChildProgramTest, NoticesThatItsParentDiedBeforeTheDeathSignalWasAskedFor) {
  program_.parent = 1;  // as if the one that forked it were gone and init had taken over, seen from the other side
  const daemon::SpawnFailure failure = run(program_);
  EXPECT_EQ(failure.stage, daemon::SpawnStage::ParentGone);
  EXPECT_EQ(failure.error, ESRCH);
}

// From the moment of its exec on: a mask, with which children would begin too, it has not.
TEST_F(ChildProgramTest, StartsWithSignalsFromOutsideIgnored) {
  auto [read_end, write_end] = keeper::make_pipe();
  char word[8] = "signals";
  char* argv[] = {name_, word, nullptr};
  const int fds[] = {0, write_end.get(), 2};
  program_.argv = argv;
  program_.fds = fds;
  EXPECT_EQ(run(program_).stage, daemon::SpawnStage::None);
  write_end.reset();
  char text[256] = {};
  ASSERT_GT(::read(read_end.get(), text, sizeof text - 1), 0);
  unsigned long long blocked = 0;
  unsigned long long ignored = 0;
  ASSERT_EQ(std::sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2) << text;
  EXPECT_EQ(blocked, 0U);
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    const bool left = signal == SIGKILL || signal == SIGSTOP || daemon::is_fault_signal(signal) ||
                      signal == kKeeperGoneSignal || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG ||
                      signal == SIGWINCH;
    EXPECT_EQ((ignored >> (signal - 1) & 1U) == 0, left) << signal;
  }
}

// Between exec and the program's own PR_SET_DUMPABLE, which this one never comes to.
TEST_F(ChildProgramTest, OthersOfItsNewUserCannotTraceAProgramThatHasJustStarted) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  if (daemon::guard_capability() < 0) GTEST_SKIP() << "needs one of the capabilities that can be spared";
  const std::string path = keeper::keeper_stage() + "/unruly-worker";
  char busy[5] = "busy";
  char* argv[] = {name_, busy, nullptr};
  program_.path = path.c_str();
  program_.argv = argv;
  program_.set_identity = true;
  program_.uid = program_.gid = kNobody;
  auto [read_end, write_end] = keeper::make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) daemon::run_child_program(program_, write_end.get());
  write_end.reset();
  daemon::SpawnFailure failure;
  EXPECT_EQ(::read(read_end.get(), &failure, sizeof failure), 0) << "it runs";
  const int error = as_user(kNobody, [pid] { return ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0 ? 0 : errno; });
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(error, EPERM);
}

TEST_F(ChildProgramTest, ArrangesDescriptorsWhoseNumbersOverlap) {
  auto [read_end, write_end] = keeper::make_pipe();
  char fds_word[4] = "fds";
  char* argv[] = {name_, fds_word, nullptr};
  // The output's number is one that another takes, and the others are swapped.
  const int overlapping[] = {2, write_end.get(), 0, 0, 2};
  program_.argv = argv;
  program_.fds = overlapping;
  EXPECT_EQ(run(program_).stage, daemon::SpawnStage::None);
  write_end.reset();
  char text[256];
  const ssize_t got = ::read(read_end.get(), text, sizeof text);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(got)), "fd:0\nfd:1\nfd:2\nfd:3\nfd:4\n");
}

}  // namespace
}  // namespace ringmaster
