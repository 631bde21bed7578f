#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/testing/fake_pool.h"
#include "tests/testing/process_state.h"

// A session in a process that forks: the child refuses, and takes nothing of the parent's along.
namespace ringmaster::client {
namespace {

using testing::FakePool;
using testing::submit_text;

TEST(SessionFork, RefusesInAForkedChild) {
  FakePool pool;
  auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "a");
  Request held = core->allocate(64, Duration(0)).value();
  const pid_t child = ::fork();
  if (child == 0) {
    Request none;
    bool refused = core->allocate(8, Duration(0)).error().error == SubmitError::Forked &&
                   core->submit("echo", none, {}, {}).error().error == SubmitError::Forked &&
                   core->wait(job, kForever)->status() == Status::Lost && !core->event_fd() && !core->close();
    core->cancel(job);
    core->abandon(job);
    held = Request();
    core.reset();  // must not fault: the maps are not there
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  pool.step();
  EXPECT_TRUE(core->wait(job, Duration(0))->ok()) << "the parent's job is untouched";
}

TEST(SessionFork, HasNoMemoryToShowInAForkedChild) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "hello");
  pool.step();
  const auto outcome = core->wait(job, Duration(0));
  const Request held = core->allocate(64, Duration(0)).value();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(outcome->result().empty() && outcome->text().empty() && held.bytes().empty() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(outcome->text(), "hello");
}

TEST(SessionFork, IsNotKeptAliveByAForkedChild) {
  FakePool pool;
  auto core = pool.connect();
  int go[2];
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(go[1]);
    char end = 0;
    (void)!::read(go[0], &end, 1);
    ::_exit(0);
  }
  core.reset();  // as if the parent had died: only the child could still hold the lifeline
  EXPECT_TRUE(pool.client_left());
  ::close(go[0]);
  ::close(go[1]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

// A condition variable with a waiter that exists in the parent only must not be destroyed in the child.
TEST(SessionFork, EndsInAForkedChildWhileAThreadOfTheParentWaitsForRoom) {
  FakePool pool({64, 4096, 4096});
  auto core = pool.connect();
  Request all = core->allocate(4096, Duration(0)).value();
  std::atomic<pid_t> begun{0};
  std::thread waiter([&] {
    begun = ::gettid();
    EXPECT_TRUE(core->allocate(64, kForever));
  });
  while (begun == 0) std::this_thread::yield();
  while (!is_asleep(begun)) std::this_thread::yield();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // instead of hanging for ever
    auto* const raw = core.get();
    all = Request();
    raw->~SessionCore();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  all = Request();
  waiter.join();
}

}  // namespace
}  // namespace ringmaster::client
