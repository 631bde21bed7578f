#include "daemon/pool/seat/seat_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/pool/book/kill_order.h"
#include "tests/testing/fake_keeper.h"
#include "tests/testing/fake_loop.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using ::testing::ElementsAre;
using testing::FakeKeeper;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint16_t kFirstWorker = 4;
constexpr std::int32_t kPid = 0x7FFFFFF0;
const FakeKeeper::Name kName{kFirstWorker, 1};

/// A pool of one seat, whose workers are numbered from kFirstWorker on.
struct Room {
  Room() {
    config.name = "t";
    config.command = {"/bin/none"};
    start.open(-1, -1);
  }
  [[nodiscard]] const shm::LedgerWorker& record() const { return ledger.record.workers[kFirstWorker]; }
  [[nodiscard]] bool is_live() const {
    return record().state.load() == static_cast<std::uint32_t>(shm::LedgerState::Live);
  }
  void begin() { start.start(seat, 0); }
  /// What the keeper holds of the process in the seat, as a successor is given it.
  [[nodiscard]] WorkerFds held() {
    WorkerFds fds;
    for (const auto kind : WorkerFds::kKinds) {
      fds.of(kind) = UniqueFd(::dup(dynamic_cast<WorkerProcess&>(*seat.process).fds().of(kind).get()));
    }
    return fds;
  }

  testing::FakeLoop loop;
  testing::Ledger ledger;
  testing::Posted posted;
  FakeKeeper keeper;
  config::PoolConfig config;
  PoolBook book{ledger.record, 0, 1};
  SessionRoster sessions{"t", 1000, posted.later()};
  WorkerCgroups cgroups;
  std::string stock_worker = "/bin/none";
  int rounds = 0;
  int charges_shown = 0;
  std::vector<core::SeatNumber> not_started;
  Seat seat;
  SeatStart start{config,
                  0,
                  kFirstWorker,
                  stock_worker,
                  {loop, ledger.record, book, sessions, keeper, cgroups},
                  {[this](shm::ControlRecord&) { ++charges_shown; },
                   [](core::SeatNumber, worker_link::ToSupervisor&&) {}, [](core::SeatNumber, const std::string&) {},
                   [this](core::SeatNumber index) { not_started.push_back(index); }, [this] { ++rounds; }}};
};

TEST(SeatStart, IsSpawnedOnceTheKeeperHoldsWhatIsItsOwn) {
  Room room;
  room.begin();
  EXPECT_EQ(room.seat.state, core::SeatState::Starting);
  EXPECT_EQ(room.keeper.deposited.size(), WorkerFds::kKinds.size());
  EXPECT_THAT(room.keeper.spawned, IsEmpty()) << "a supervisor that died now would have lost it";
  EXPECT_FALSE(room.is_live());
  EXPECT_EQ(room.charges_shown, 1);
  room.keeper.answer();
  EXPECT_THAT(room.keeper.spawned, ElementsAre(kName));
  EXPECT_TRUE(room.is_live());
  EXPECT_EQ(room.rounds, 1);
  room.keeper.start(kPid);
  EXPECT_EQ(room.seat.process->pid(), kPid);
  EXPECT_EQ(room.record().pid, static_cast<std::uint32_t>(kPid));
  EXPECT_EQ(room.rounds, 2);
  EXPECT_EQ(room.book.tally().starts, 1U);
}

TEST(SeatStart, OnlyOneThatIsCondemnedIsKilledWhenItsPidIsKnown) {
  Room leaver;
  leaver.begin();
  leaver.keeper.answer();
  // It was ready, did its last job and said so before the keeper told of its start.
  leaver.seat.ready = true;
  leaver.seat.verdict = core::DeathKind::Recycled;
  leaver.seat.state = core::SeatState::Leaving;
  leaver.keeper.start(kPid);
  EXPECT_THAT(leaver.keeper.killed, IsEmpty());
  EXPECT_FALSE(kill_order(leaver.record()));
  Room condemned;
  condemned.begin();
  condemned.keeper.answer();
  condemned.seat.verdict = core::DeathKind::Shutdown;
  condemned.seat.state = core::SeatState::Condemned;
  condemned.keeper.start(kPid);
  EXPECT_THAT(condemned.keeper.killed, ElementsAre(kName));
  EXPECT_EQ(kill_order(condemned.record()), core::DeathKind::Shutdown);
}

TEST(SeatStart, AFirstRunIsTimedFromItsOwnStamp) {
  Room room;
  room.begin();
  const core::TimePoint began = room.loop.now();
  const shm::Intent job{0, 0, 1};
  const auto stamp = began + std::chrono::milliseconds{100};
  core::RunWatcher::Sight sight;
  sight.intent = job;
  sight.stamp = stamp;
  (void)room.seat.run.look(began + std::chrono::seconds{1}, sight, {});
  EXPECT_EQ(room.seat.run.started(), stamp);
}

TEST(SeatStart, EachProcessHasAnIncarnationOfItsOwn) {
  Room room;
  room.begin();
  room.keeper.answer();
  room.seat = {};
  room.begin();
  EXPECT_EQ(room.seat.process->name().owner.incarnation, 2U);
  room.keeper.answer();
  EXPECT_THAT(room.keeper.spawned, ElementsAre(kName, FakeKeeper::Name(kFirstWorker, 2)));
}

TEST(SeatStart, AnAnswerThatComesTooLateIsOfNobody) {
  Room room;
  room.begin();
  room.seat = {};
  room.keeper.answer();
  EXPECT_THAT(room.keeper.spawned, IsEmpty());
  EXPECT_EQ(room.rounds, 0);
}

TEST(SeatStart, AConfigurationThatCannotBeUsedStartsNobody) {
  Room room;
  room.config.unusable = "its user is gone";
  room.begin();
  EXPECT_EQ(room.seat.state, core::SeatState::Empty);
  EXPECT_THAT(room.not_started, ElementsAre(0U));
  EXPECT_EQ(room.book.last_death(0), "its user is gone");
  EXPECT_THAT(room.keeper.deposited, IsEmpty());
}

TEST(SeatStart, WhatTheKeeperCannotHoldIsNotStarted) {
  Room room;
  room.begin();
  room.keeper.answer(ENOSPC);
  EXPECT_THAT(room.keeper.spawned, IsEmpty());
  EXPECT_THAT(room.not_started, ElementsAre(0U));
  EXPECT_EQ(room.seat.process, nullptr);
  EXPECT_THAT(room.book.last_death(0), HasSubstr("the keeper cannot hold its descriptors"));
  EXPECT_EQ(room.keeper.released.size(), 1U);
}

TEST(SeatStart, AProgramThatCannotBeStartedIsNamed) {
  Room room;
  room.begin();
  room.keeper.answer();
  room.keeper.start(0, ENOENT);
  EXPECT_THAT(room.not_started, ElementsAre(0U));
  EXPECT_THAT(room.book.last_death(0), HasSubstr("cannot start \"/bin/none\""));
  EXPECT_FALSE(room.is_live());
}

TEST(SeatStart, ASpawnThatCannotBeSentIsOneThatFailed) {
  Room room;
  room.keeper.spawn_refusal = "the environment is too long";
  room.begin();
  room.keeper.answer();
  EXPECT_THAT(room.not_started, ElementsAre(0U));
  EXPECT_EQ(room.book.last_death(0), "the environment is too long");
}

TEST(SeatStart, ASuccessorTakesUpWhatThePredecessorHadOnRecord) {
  Room room;
  room.begin();
  room.keeper.answer();
  room.ledger.record.workers[kFirstWorker].flags = shm::kLedgerReady;
  Seat ready, dead;
  EXPECT_EQ(room.start.adopt(ready, 0, 1, kPid, room.held(), false), SeatStart::Taken::Ready);
  EXPECT_EQ(ready.state, core::SeatState::Active);
  EXPECT_TRUE(ready.process->adopted());
  EXPECT_EQ(room.start.adopt(dead, 0, 1, kPid, room.held(), true), SeatStart::Taken::Dead);
  EXPECT_EQ(dead.state, core::SeatState::Condemned);
  room.ledger.record.workers[kFirstWorker].flags = shm::kLedgerSpare;
  Seat booting;
  EXPECT_EQ(room.start.adopt(booting, 0, 1, kPid, room.held(), false), SeatStart::Taken::Booting);
}

TEST(SeatStart, AProcessOfWhichSomethingIsMissingIsAnOrphan) {
  Room room;
  room.begin();
  room.keeper.answer();
  WorkerFds fds = room.held();
  fds.socket.reset();
  Seat seat;
  EXPECT_EQ(room.start.adopt(seat, 0, 1, kPid, std::move(fds), false), SeatStart::Taken::Orphan);
  ASSERT_TRUE(seat.orphan);
  EXPECT_TRUE(seat.orphan->killed);
  EXPECT_NE(seat.orphan->lane, nullptr) << "what it ran can still be read";
  EXPECT_EQ(seat.process, nullptr);
  EXPECT_EQ(seat.state, core::SeatState::Condemned);
}

}  // namespace
}  // namespace ringmaster::daemon
