#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/worker/worker_fixture.h"

// A worker whose program has an event loop of its own: the example in C of bindings/c.
namespace ringmaster {
namespace {

class WorkerHost : public WorkerProcess, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    start({RINGMASTER_C_WORKER, GetParam()});
    ASSERT_EQ(boot().size(), 2U);
    attach();
  }

  std::string answer(std::size_t size) const { return {reinterpret_cast<const char*>(reply_.ring()), size}; }
  void until_running() {
    const auto end = std::chrono::steady_clock::now() + kCap;
    while (shm::SlotWord(reply_.word(0).load()).state() != shm::SlotState::Running &&
           std::chrono::steady_clock::now() < end) {
      ::usleep(100);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Waits, WorkerHost, testing::Values("--in-library", "--own-poll"),
                         [](const auto& one) { return std::string(one.index == 0 ? "InLibrary" : "InOwnPoll"); });

TEST_P(WorkerHost, AnswersFromACallbackOfItsLoop) {
  for (int i = 0; i < 20; ++i) {
    if (i % 5 == 0) until_parked();
    submit("later", "");
    ASSERT_EQ(wait().state(), shm::SlotState::Done);
    ASSERT_EQ(answer(5), "later");
  }
  until_parked();
  EXPECT_EQ(lane_->counters.missed_wakes.load(), 0U);
  EXPECT_EQ(lane_->counters.done.load(), 20U);
}

TEST_P(WorkerHost, WritesItsInputAndTheClientSeesNothingOfIt) {
  for (const std::string text : {"first", "other", "third"}) {
    submit("upper", text);
    ASSERT_EQ(wait().state(), shm::SlotState::Done);
    std::string upper = text;
    for (char& one : upper) one = static_cast<char>(std::toupper(one));
    EXPECT_EQ(answer(5), upper);
    EXPECT_EQ(std::memcmp(request_.ring(), text.data(), text.size()), 0);
  }
}

TEST_P(WorkerHost, ClaimsNothingWhileDrainedAndComesBack) {
  send(worker_link::Claiming{true});
  const auto end = std::chrono::steady_clock::now() + kCap;
  const auto resting = static_cast<std::uint32_t>(shm::LaneState::Resting);
  while (lane_->words.state.load() != resting && std::chrono::steady_clock::now() < end) ::usleep(100);
  ASSERT_EQ(lane_->words.state.load(), resting);
  submit("upper", "x");
  EXPECT_EQ(shm::SlotWord(reply_.word(0).load()).state(), shm::SlotState::Ready);
  send(worker_link::Claiming{false});
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
}

TEST_P(WorkerHost, EndsWhatWasToldToStopWhileItWasOpen) {
  submit("later", "", 0, {{"ms", "20"}});
  until_running();
  request_.cancel(0).store(seq_);
  const shm::SlotWord word = wait();
  EXPECT_EQ(word.state(), shm::SlotState::Failed);
  EXPECT_EQ(word.cause(), Cause::Cancelled);
}

TEST_P(WorkerHost, LeavesWhenTold) {
  submit("later", "");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
  send(worker_link::Exit{});
  EXPECT_EQ(exit_status(), 0);
}

TEST_P(WorkerHost, LeavesWhenTheDaemonIsGone) {
  until_parked();
  link_.reset();
  EXPECT_EQ(exit_status(), 0);
}

TEST(WorkerHostAlone, SaysThatADaemonStartsIt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::unsetenv("RINGMASTER_ABI");
    ::execl(RINGMASTER_C_WORKER, "worker", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

}  // namespace
}  // namespace ringmaster
