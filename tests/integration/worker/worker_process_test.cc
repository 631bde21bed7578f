#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/worker/worker_fixture.h"

namespace ringmaster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kMisbehaving = RINGMASTER_PROGRAMS "/misbehaving_worker";

TEST_F(WorkerProcess, ServesJobsAndParksBetweenThem) {
  start({kMisbehaving});
  EXPECT_GT(boot().size(), 10U);
  attach();
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 0) until_parked();
    submit("echo", "ping");
    ASSERT_EQ(wait().state(), shm::SlotState::Done);
    ASSERT_EQ(std::memcmp(reply_.ring(), "ping", 4), 0);
  }
  until_parked();  // It counts a job after it completed it.
  EXPECT_EQ(lane_->counters.missed_wakes.load(), 0U);
  EXPECT_EQ(lane_->counters.done.load(), 50U);
}

TEST_F(WorkerProcess, WorksWithoutSpinning) {
  start({kMisbehaving});
  (void)boot();
  worker_link::Settings settings;
  settings.spin_ns = 0;
  send(settings);
  attach();
  for (int i = 0; i < 200; ++i) {
    submit("empty", "");
    ASSERT_EQ(wait().state(), shm::SlotState::Done);
  }
  EXPECT_EQ(lane_->counters.missed_wakes.load(), 0U);
}

TEST_F(WorkerProcess, SurvivesSigtermAndLeavesWhenTold) {
  start({kMisbehaving});
  (void)boot();
  attach();
  ::kill(pid_, SIGTERM);
  submit("echo", "still there");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
  send(worker_link::Detach{4, 9});
  EXPECT_TRUE(next_as<worker_link::Detached>());
  send(worker_link::Exit{});
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(WorkerProcess, LeavesWhenTheDaemonIsGone) {
  start({kMisbehaving});
  (void)boot();
  until_parked();
  link_.reset();
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(WorkerProcess, ClaimsNothingWhileDrained) {
  start({kMisbehaving});
  (void)boot();
  attach();
  send(worker_link::Claiming{true});
  send(worker_link::Detach{999, 1});  // Its answer says that the drain was read.
  ASSERT_TRUE(next_as<worker_link::Detached>());
  submit("empty", "");
  EXPECT_EQ(shm::SlotWord(reply_.word(0).load()).state(), shm::SlotState::Ready);
  send(worker_link::Claiming{false});
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
}

TEST_F(WorkerProcess, AnotherSessionAtAnIndexReplacesTheOneThatWasNeverDetached) {
  start({kMisbehaving});
  (void)boot();
  attach(9);
  submit("echo", "old");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
  attach(10);
  submit("echo", "new");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
  send(worker_link::Exit{});
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(WorkerProcess, ShowsThatItClaimsNothingWhileDrained) {
  start({kMisbehaving});
  (void)boot();
  attach();
  until_parked();
  send(worker_link::Claiming{true});
  const auto end = std::chrono::steady_clock::now() + kCap;
  const auto draining = static_cast<std::uint32_t>(shm::LaneState::Resting);
  while (lane_->words.state.load() != draining && std::chrono::steady_clock::now() < end) ::usleep(100);
  EXPECT_EQ(lane_->words.state.load(), draining);
  submit("empty", "");
  EXPECT_EQ(shm::SlotWord(reply_.word(0).load()).state(), shm::SlotState::Ready);
}

TEST_F(WorkerProcess, DropsASessionWhoseClientAlteredItsWord) {
  start({kMisbehaving});
  (void)boot();
  attach();
  submit("sleep", "");
  const auto end = std::chrono::steady_clock::now() + kCap;
  while (lane_->words.intent.load() == 0 && std::chrono::steady_clock::now() < end) ::usleep(100);
  while (shm::SlotWord(reply_.word(0).load()).state() != shm::SlotState::Running &&
         std::chrono::steady_clock::now() < end) {
    ::usleep(100);
  }
  reply_.word(0).store(shm::SlotWord::free_slot(seq_).bits());
  const auto broken = next_as<worker_link::SessionBroken>();
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->reason, worker_link::BrokenReason::WordTampered);
  send(worker_link::Exit{});
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(WorkerProcess, RefusesSegmentsThatAreNotWhatWasSaid) {
  start({kMisbehaving});
  (void)boot();
  const UniqueFd plain = shm::create_segment("plain", kGeometry.request_segment_bytes()).value();
  const UniqueFd bell = shm::create_doorbell().value();
  send(attach_of(9, 0), std::array{plain.get(), plain.get(), bell.get()});
  const auto broken = next_as<worker_link::SessionBroken>();
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->reason, worker_link::BrokenReason::BadSegment);
}

TEST_F(WorkerProcess, StockWorkerServesItsHandlers) {
  start({RINGMASTER_STOCK_WORKER, "echo"});
  EXPECT_EQ(boot().at(0).name, "echo");
  attach();
  submit("echo", "from a library");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
}

TEST_F(WorkerProcess, SaysWhyItCannotStart) {
  start({RINGMASTER_STOCK_WORKER, "no-such-handler"});
  ASSERT_TRUE(next_as<worker_link::Hello>());
  const auto failed = next_as<worker_link::BootFailed>();
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->text, HasSubstr("no-such-handler.so"));
  EXPECT_EQ(WEXITSTATUS(exit_status()), 1);
}

}  // namespace
}  // namespace ringmaster
