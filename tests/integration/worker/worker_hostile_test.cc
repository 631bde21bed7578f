#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "tests/integration/worker/worker_fixture.h"

// What clients and other workers write where a worker reads.
namespace ringmaster {
namespace {

const std::string kMisbehaving = RINGMASTER_PROGRAMS "/misbehaving_worker";

TEST_F(WorkerProcess, ReportsAWordThatCannotBeAndSleeps) {
  start({kMisbehaving});
  (void)boot();
  attach();
  until_parked();
  reply_.word(3).store(shm::SlotWord::ready(0, 0).bits());
  shm::set_hint(reply_.ready(), 3);
  shm::ring_doorbell(session_bell_.get());
  const auto broken = next_as<worker_link::SessionBroken>();
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->reason, worker_link::BrokenReason::WordTampered);
  EXPECT_EQ(broken->detail, 3U);
  until_parked();
}

TEST_F(WorkerProcess, IsHeldUpByNoBellThatSomebodyHasFilled) {
  start({kMisbehaving});
  (void)boot();
  attach();
  until_parked();
  const std::vector<char> bytes(1 << 16);
  while (::write(pool_bell_.get(), bytes.data(), bytes.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(pool_bell_.get(), F_SETFL, 0), 0);
  board_->idle[0].fetch_or(2);  // Somebody to be rung, when one job is taken and another is there.
  for (int i = 0; i < 20; ++i) {
    submit("empty", "", 1);
    submit("empty", "", 0);
    EXPECT_EQ(wait().state(), shm::SlotState::Done);
  }
}

TEST_F(WorkerProcess, ComesWhenItIsCalled) {
  start({kMisbehaving});
  (void)boot();
  attach();
  for (const worker_link::Look& look : {worker_link::Look{}, worker_link::Look{4, 9}, worker_link::Look{4, 8}}) {
    until_parked();
    board_->spin[1].store(1);  // So that submit() does not ring.
    submit("empty", "");
    send(look);
    EXPECT_EQ(wait().state(), shm::SlotState::Done);
    board_->spin[1].store(0);
  }
  EXPECT_EQ(lane_->counters.missed_wakes.load(), 0U);
}

TEST_F(WorkerProcess, SetsItsOwnBitsRightWhoeverAlteredThem) {
  start({kMisbehaving});
  (void)boot();
  attach();
  until_parked();
  board_->spin[0].fetch_or(1);
  board_->idle[0].fetch_and(~std::uint64_t{1});
  send(worker_link::Look{});
  until_parked();
  const auto end = std::chrono::steady_clock::now() + kCap;
  while (board_->spin[0].load() != 0 && std::chrono::steady_clock::now() < end) ::usleep(1000);
  EXPECT_EQ(board_->spin[0].load(), 0U);
  submit("empty", "");
  EXPECT_EQ(wait().state(), shm::SlotState::Done);
}

}  // namespace
}  // namespace ringmaster
