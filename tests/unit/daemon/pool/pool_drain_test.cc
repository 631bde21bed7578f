#include "daemon/pool/pool_drain.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/pool_parts.h"

namespace ringmaster::daemon {
namespace {

using core::Drain;
using testing::FakeWorker;
using testing::take_seat;

constexpr core::TimePoint kNow{std::chrono::hours{1}};

/// A pool of one worker and one session, and what its clients and its worker do.
struct Room : testing::PoolParts {
  Room() : worker(&take_seat(seats[0], {0, 1})) { drain.open(*memory.world.board); }

  [[nodiscard]] PoolDrain::Crew crew() { return {seats, hopeless}; }
  void step() { drain.step(kNow, crew()); }
  void begin() {
    drain.drain(kNow, crew(), [this](const std::string& why_not) { told.push_back(why_not); });
    step();
  }
  std::uint32_t submit() {
    memory.world.submit();
    return memory.world.last_slot;
  }
  /// The worker runs that job, or is done with it.
  void own(std::uint32_t slot) {
    owned = slot;
    const shm::SlotWord job = word(slot);
    memory.session.reply.word(slot) = shm::SlotWord::owned(job.seq(), shm::SlotState::Running, 1, {0, 1}).bits();
    worker->runs({3, static_cast<std::uint16_t>(slot), job.seq()});
  }
  void finish() {
    const shm::SlotWord job = word(owned);
    memory.session.reply.word(owned) = shm::SlotWord::terminal(job.seq(), shm::SlotState::Done, 1, Cause::None).bits();
    worker->rests();
  }
  void rest() const { worker->lane().words.state = static_cast<std::uint32_t>(shm::LaneState::Resting); }
  [[nodiscard]] shm::BoardClosed board() const {
    return static_cast<shm::BoardClosed>(memory.world.board->closed.load());
  }

  FakeWorker* worker;
  bool hopeless = false;
  int calls = 0;
  std::uint32_t owned = 0;
  std::vector<std::string> told;
  PoolDrain drain{"t", 0, {ledger.record, book, sessions, fates}, {[this] { ++calls; }, posted.later()}};
};

TEST(PoolDrain, WhatWasLetInIsWaitedForAndWhatComesLaterIsRefused) {
  Room room;
  const std::uint32_t old = room.submit();
  room.begin();
  EXPECT_EQ(room.board(), shm::BoardClosed::Draining);
  const std::uint32_t late = room.submit();
  room.step();
  EXPECT_EQ(room.word(late).cause(), Cause::Refused);
  EXPECT_EQ(room.word(old).state(), shm::SlotState::Ready);
  EXPECT_EQ(room.book.tally().refused, 1U);
  EXPECT_FALSE(room.drain.claiming_paused()) << "the old one is to be claimed";
  room.own(old);
  room.step();
  EXPECT_TRUE(room.drain.claiming_paused());
  EXPECT_EQ(room.drain.state(), Drain::State::Draining) << "its worker has not said that it rests";
  room.finish();
  room.rest();
  room.step();
  EXPECT_EQ(room.drain.state(), Drain::State::Drained);
  EXPECT_TRUE(room.told.empty()) << "never within a call";
  room.posted.run();
  EXPECT_EQ(room.told, std::vector<std::string>{""});
}

TEST(PoolDrain, AJobThatLostItsWorkerIsTakenUpAgain) {
  Room room;
  const std::uint32_t slot = room.submit();
  room.own(slot);
  room.begin();
  ASSERT_TRUE(room.drain.claiming_paused());
  room.memory.session.reply.word(slot) = shm::SlotWord::ready(room.word(slot).seq(), 1).bits();
  room.worker->rests();
  room.step();
  EXPECT_FALSE(room.drain.claiming_paused());
  EXPECT_FALSE(room.worker->told<worker_link::Claiming>().back().paused);
  EXPECT_GT(room.calls, 0);
  EXPECT_EQ(room.word(slot).state(), shm::SlotState::Ready);
}

TEST(PoolDrain, AnEmptyPoolIsDrainedWhenItsWorkerRests) {
  Room room;
  room.begin();
  EXPECT_TRUE(room.worker->told<worker_link::Claiming>().back().paused);
  EXPECT_EQ(room.drain.state(), Drain::State::Draining);
  room.rest();
  room.step();
  EXPECT_EQ(room.drain.state(), Drain::State::Drained);
  room.begin();
  room.posted.run();
  EXPECT_EQ(room.told.size(), 2U) << "who asks again hears it too";
}

TEST(PoolDrain, ASlotThatNamesAnOwnerWhoDoesNotHaveTheJobHoldsUpNobody) {
  Room room;
  const std::uint32_t slot = room.submit();
  room.own(slot);
  room.worker->rests();  // the client wrote that word
  room.rest();
  room.begin();
  EXPECT_EQ(room.drain.state(), Drain::State::Drained);
  EXPECT_EQ(room.fates.broken_sessions, std::vector<std::uint32_t>{7});
}

TEST(PoolDrain, ResumedAPoolTakesJobsAndTheDrainIsSaidToBeOver) {
  Room room;
  room.begin();
  room.drain.resume(kNow, room.crew());
  EXPECT_TRUE(room.drain.accepts_jobs());
  EXPECT_EQ(room.board(), shm::BoardClosed::Open);
  EXPECT_FALSE(room.worker->told<worker_link::Claiming>().back().paused);
  room.posted.run();
  ASSERT_EQ(room.told.size(), 1U);
  EXPECT_NE(room.told[0].find("take jobs again"), std::string::npos);
  const std::uint32_t slot = room.submit();
  room.step();
  EXPECT_EQ(room.word(slot).state(), shm::SlotState::Ready);
}

TEST(PoolDrain, AStopLosesWhatIsQueuedAndKillsAtItsDeadline) {
  Room room;
  room.fates.queued = 2;
  room.drain.stop(kNow, room.crew(), std::chrono::seconds{5});
  EXPECT_EQ(room.board(), shm::BoardClosed::Stopping);
  EXPECT_EQ(room.book.tally().lost, 2U);
  EXPECT_EQ(room.drain.next_deadline(kNow), kNow + std::chrono::seconds{5});
  EXPECT_FALSE(room.drain.deadline_passed(kNow + std::chrono::seconds{4}, room.crew()));
  EXPECT_TRUE(room.drain.deadline_passed(kNow + std::chrono::seconds{5}, room.crew()));
  EXPECT_FALSE(room.drain.deadline_passed(kNow + std::chrono::seconds{6}, room.crew())) << "once";
  room.step();
  EXPECT_EQ(room.drain.state(), Drain::State::Killing);
  room.seats[0].process.reset();
  room.step();
  EXPECT_EQ(room.drain.state(), Drain::State::Stopped);
}

TEST(PoolDrain, AsWhatItsJobsAreLostIsSaidByTheFirstStop) {
  Room room;
  EXPECT_EQ(room.drain.lost_as(), Cause::Lost);
  room.drain.stop(kNow, room.crew(), std::chrono::seconds{5}, Cause::PoolRemoved);
  room.drain.stop(kNow, room.crew(), std::chrono::seconds{1});
  EXPECT_EQ(room.drain.lost_as(), Cause::PoolRemoved);
  Room stopped;
  stopped.drain.stop(kNow, stopped.crew(), std::chrono::seconds{5});
  stopped.drain.stop(kNow, stopped.crew(), std::chrono::seconds{1}, Cause::PoolRemoved);
  EXPECT_EQ(stopped.drain.lost_as(), Cause::Lost);
}

TEST(PoolDrain, WithoutAWorkerToComeWhatIsQueuedIsRefused) {
  Room room;
  room.hopeless = true;
  room.fates.queued = 3;
  room.step();
  EXPECT_EQ(room.board(), shm::BoardClosed::Quarantined);
  EXPECT_EQ(room.fates.ended, std::vector{Cause::Refused});
  EXPECT_EQ(room.book.tally().refused, 3U);
  room.hopeless = false;
  room.step();
  EXPECT_EQ(room.board(), shm::BoardClosed::Open);
}

TEST(PoolDrain, ASuccessorGoesOnWhereItWas) {
  Room room;
  const std::uint32_t old = room.submit();
  room.begin();
  PoolDrain successor("t", 0, {room.ledger.record, room.book, room.sessions, room.fates}, {[] {}, room.posted.later()});
  successor.open(*room.memory.world.board);
  successor.resume_drain(kNow);
  EXPECT_EQ(successor.state(), Drain::State::Draining);
  const std::uint32_t late = room.submit();
  successor.step(kNow, room.crew());
  EXPECT_EQ(room.word(old).state(), shm::SlotState::Ready) << "it had been let in";
  EXPECT_EQ(room.word(late).cause(), Cause::Refused);
}

TEST(PoolDrain, ASuccessorOfADrainedPoolKeepsItsWorkersResting) {
  Room room;
  room.rest();
  room.begin();
  ASSERT_EQ(room.drain.state(), Drain::State::Drained);
  PoolDrain successor("t", 0, {room.ledger.record, room.book, room.sessions, room.fates}, {[] {}, room.posted.later()});
  successor.open(*room.memory.world.board);
  successor.resume_drain(kNow);
  EXPECT_EQ(successor.state(), Drain::State::Drained);
  EXPECT_TRUE(successor.claiming_paused());
}

}  // namespace
}  // namespace ringmaster::daemon
