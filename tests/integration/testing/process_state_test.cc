#include "tests/testing/process_state.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace ringmaster {
namespace {

TEST(ProcessState, TellsTheRunningFromTheDeadAndTheReaped) {
  EXPECT_TRUE(is_running(::getpid()));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (;;) ::pause();
  }
  EXPECT_TRUE(is_running(child));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  // WNOWAIT leaves it as it is: dead, and not reaped.
  siginfo_t end{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_running(child));
  EXPECT_FALSE(was_reaped(child));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(is_running(child));
  EXPECT_TRUE(was_reaped(child));
}

}  // namespace
}  // namespace ringmaster
