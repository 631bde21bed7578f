#include "daemon/pool/seat/seat_orders.h"

#include <gtest/gtest.h>

#include "daemon/pool/book/kill_order.h"
#include "tests/testing/fake_keeper.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using testing::FakeKeeper;
using testing::FakeWorker;
using testing::take_seat;

constexpr core::TimePoint kNow{1h};

struct Room {
  testing::Ledger ledger;
  FakeKeeper keeper;
  PoolBook book{ledger.record, 0, 1};
  Seat seat;
  FakeWorker& worker = take_seat(seat, {0, 1});
  SeatOrders orders{"t", 0, 10s, {ledger.record, book, keeper}};
};

TEST(SeatOrders, APromotedSpareIsOnRecordBeforeItIsTold) {
  Room room;
  room.seat.state = core::SeatState::Spare;
  room.orders.promote(room.seat, false);
  EXPECT_EQ(room.seat.state, core::SeatState::Active);
  EXPECT_EQ(room.ledger.record.workers[0].flags, shm::kLedgerReady);
  ASSERT_EQ(room.worker.told<worker_link::Claiming>().size(), 1U);
  EXPECT_FALSE(room.worker.told<worker_link::Claiming>()[0].paused);
  room.orders.promote(room.seat, true);
  EXPECT_TRUE(room.worker.told<worker_link::Claiming>()[1].paused) << "the pool rests";
}

TEST(SeatOrders, AWorkerThatIgnoresTheRequestToLeaveIsKilledWhenItsTimeIsUp) {
  Room room;
  room.orders.leave(room.seat, core::DeathKind::Recycled, kNow);
  room.orders.leave(room.seat, core::DeathKind::Recycled, kNow + 1s);
  EXPECT_EQ(room.worker.told<worker_link::Exit>().size(), 1U) << "asked once";
  EXPECT_EQ(room.worker.control().leave, 1U);
  room.orders.end_leaver(room.seat, kNow + 9s);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.orders.end_leaver(room.seat, kNow + 10s);
  EXPECT_EQ(room.keeper.killed.size(), 1U);
  EXPECT_EQ(room.seat.verdict, core::DeathKind::Recycled);
  room.orders.end_leaver(room.seat, kNow + 99s);
  EXPECT_EQ(room.keeper.killed.size(), 1U);
}

TEST(SeatOrders, OneThatLeavesMayEndItsJob) {
  Room room;
  room.orders.leave(room.seat, core::DeathKind::Clean, kNow);
  core::RunWatcher::Sight sight;
  sight.intent = shm::Intent{0, 0, 5};
  (void)room.seat.run.look(kNow, sight, {1h, 1h});
  room.orders.end_leaver(room.seat, kNow + 10s);
  EXPECT_TRUE(room.keeper.killed.empty()) << "its deadline is another's affair";
  (void)room.seat.run.look(kNow + 15s, {}, {1h, 1h});
  room.orders.end_leaver(room.seat, kNow + 19s);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.orders.end_leaver(room.seat, kNow + 20s);
  EXPECT_EQ(room.keeper.killed.size(), 1U);
}

TEST(SeatOrders, ASuccessorRepeatsWhatItsPredecessorMayHaveSaid) {
  Room active;
  active.orders.resume(active.seat, false, kNow);
  ASSERT_EQ(active.worker.told<worker_link::Claiming>().size(), 1U);
  EXPECT_FALSE(active.worker.told<worker_link::Claiming>()[0].paused);
  Room spare;
  spare.seat.state = core::SeatState::Spare;
  spare.orders.resume(spare.seat, false, kNow);
  EXPECT_TRUE(spare.worker.told<worker_link::Claiming>()[0].paused);
  Room leaver;
  leaver.worker.control().leave = 1;
  leaver.orders.resume(leaver.seat, false, kNow);
  EXPECT_EQ(leaver.worker.told<worker_link::Exit>().size(), 1U);
  EXPECT_EQ(leaver.seat.state, core::SeatState::Leaving);
  EXPECT_EQ(leaver.seat.verdict, core::DeathKind::Recycled);
  leaver.orders.end_leaver(leaver.seat, kNow + 1h);
  EXPECT_EQ(leaver.keeper.killed.size(), 1U) << "one that hangs is not waited for";
}

TEST(SeatOrders, OneThatLeavesByItselfMakesRoomAndIsNotWaitedForForEver) {
  Room room;
  room.orders.note_leaving(room.seat, "jobs", kNow);
  EXPECT_EQ(room.seat.state, core::SeatState::Leaving);
  EXPECT_EQ(room.seat.verdict, core::DeathKind::Recycled);
  EXPECT_EQ(room.worker.control().leave, 1U) << "a successor finds that it is wanted";
  EXPECT_TRUE(room.worker.told<worker_link::Exit>().empty());
  EXPECT_TRUE(room.keeper.killed.empty());
  room.orders.end_leaver(room.seat, kNow + 1h);
  EXPECT_EQ(room.keeper.killed.size(), 1U);
  Room killed;
  killed.orders.kill(killed.seat, core::DeathKind::OutOfMemory);
  killed.orders.note_leaving(killed.seat, "jobs", kNow);
  EXPECT_EQ(killed.seat.verdict, core::DeathKind::OutOfMemory);
  EXPECT_EQ(killed.seat.state, core::SeatState::Condemned);
}

TEST(SeatOrders, WhoIsNotReadyIsNotAsked) {
  Room room;
  room.seat.ready = false;
  room.orders.leave(room.seat, core::DeathKind::Clean, kNow);
  EXPECT_TRUE(room.worker.told<worker_link::Exit>().empty());
  EXPECT_EQ(room.keeper.killed.size(), 1U);
  EXPECT_EQ(room.seat.state, core::SeatState::Condemned);
  EXPECT_EQ(room.book.tally().kills, 1U);
}

TEST(SeatOrders, AKillIsOnRecordWithItsReason) {
  Room room;
  room.ledger.record.workers[0].flags = shm::kLedgerReady;
  EXPECT_FALSE(kill_order(room.ledger.record.workers[0]));
  room.orders.kill(room.seat, core::DeathKind::Recycled);
  EXPECT_EQ(kill_order(room.ledger.record.workers[0]), core::DeathKind::Recycled);
  room.orders.kill(room.seat, core::DeathKind::Shutdown);
  EXPECT_EQ(kill_order(room.ledger.record.workers[0]), core::DeathKind::Shutdown);
  EXPECT_EQ(room.ledger.record.workers[0].flags & shm::kLedgerReady, shm::kLedgerReady);
  room.ledger.record.workers[0].flags = 99U << shm::kLedgerKillShift;
  EXPECT_FALSE(kill_order(room.ledger.record.workers[0]));
}

TEST(SeatOrders, TheFirstReasonStandsUnlessThePoolStops) {
  Room room;
  room.orders.kill(room.seat, core::DeathKind::OutOfMemory);
  room.orders.kill(room.seat, core::DeathKind::ProtocolViolation);
  EXPECT_EQ(room.seat.verdict, core::DeathKind::OutOfMemory);
  room.orders.kill(room.seat, core::DeathKind::Shutdown);
  EXPECT_EQ(room.seat.verdict, core::DeathKind::Shutdown);
}

TEST(SeatOrders, AnOrphanIsKilledByItsName) {
  Room room;
  room.orders.kill_orphan(room.seat);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.seat.process.reset();
  room.seat.orphan.emplace().owner = {4, 7};
  room.orders.kill_orphan(room.seat);
  EXPECT_EQ(room.keeper.killed, (std::vector{FakeKeeper::Name{4, 7}}));
  room.orders.kill(room.seat, core::DeathKind::Shutdown);
  EXPECT_EQ(room.keeper.killed.size(), 1U) << "there is no process to kill";
}

}  // namespace
}  // namespace ringmaster::daemon
