#include "daemon/core/pool/scaling.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};
constexpr Duration kIdle = 10s;
constexpr Duration kCost = 50ms;

/// Jobs wait, for as long as given; everybody who is wanted works.
Scaling::Sight waiting(const Scaling& pool, std::uint64_t queued, Duration oldest) {
  return {queued, oldest, pool.wanted(), pool.wanted(), true};
}
Scaling::Sight running(const Scaling& pool, unsigned jobs) { return {0, {}, jobs, pool.wanted(), jobs != 0}; }

/// A pool whose workers take kCost to start; the first look is at kNow.
struct Room {
  explicit Room(WorkerRange range = {1, 8}, Duration idle = kIdle) : pool(range, idle) {
    pool.started(kCost);
    see(running(pool, 0));
  }
  unsigned see(const Scaling::Sight& sight) {
    pool.look(now, sight);
    return pool.wanted();
  }
  /// Once those that are wanted are here and have had as long to help as a start takes.
  unsigned grow(std::uint64_t queued) {
    see(waiting(pool, queued, kCost));
    now += kCost;
    return see(waiting(pool, queued, kCost));
  }

  TimePoint now = kNow;
  Scaling pool;
};

TEST(Scaling, GrowsWhenAJobHasWaitedForLongerThanAStartTakes) {
  Room room;
  room.now += 1s;
  EXPECT_EQ(room.see(waiting(room.pool, 5, kCost - 1ms)), 1U);
  EXPECT_EQ(room.see(waiting(room.pool, 5, kCost)), 2U);
}

TEST(Scaling, AtMostDoublesAndNoMoreThanThereAreJobs) {
  Room room;
  EXPECT_EQ(room.grow(100), 2U);
  EXPECT_EQ(room.grow(100), 4U);
  EXPECT_EQ(room.grow(1), 5U) << "one job waits";
  EXPECT_EQ(room.grow(100), 8U);
  EXPECT_EQ(room.grow(100), 8U) << "its end";
}

TEST(Scaling, WaitsForThoseThatItHasWished) {
  Room room;
  ASSERT_EQ(room.grow(100), 2U);
  for (int i = 0; i < 10; ++i) {
    room.now += 1s;
    EXPECT_EQ(room.see({100, 10s, 1, 1, true}), 2U) << "the second is not at work yet";
  }
  EXPECT_EQ(room.see(waiting(room.pool, 100, 10s)), 2U) << "it has only just begun";
  room.now += kCost - 1ms;
  EXPECT_EQ(room.see(waiting(room.pool, 100, 10s)), 2U);
  room.now += 1ms;
  EXPECT_EQ(room.see(waiting(room.pool, 100, 10s)), 4U);
}

TEST(Scaling, GrowsToOneForEachJobAtOnceWhenItIsToldHowLongAJobMayWait) {
  Scaling pool({1, 8}, kIdle, 20ms);
  pool.started(kCost);
  pool.look(kNow, {3, 20ms - 1ns, 1, 1, true});
  EXPECT_EQ(pool.wanted(), 1U);
  EXPECT_EQ(pool.next_look(), kNow + 20ms);
  pool.look(kNow, {3, 20ms, 1, 1, true});
  EXPECT_EQ(pool.wanted(), 4U) << "one runs, three wait";
  pool.look(kNow, {3, 30ms, 1, 1, true});
  EXPECT_EQ(pool.wanted(), 4U) << "they are coming";
  pool.look(kNow, {4, 30ms, 1, 1, true});
  EXPECT_EQ(pool.wanted(), 5U) << "before those are here";
  pool.look(kNow, {100, 30ms, 5, 5, true});
  EXPECT_EQ(pool.wanted(), 8U) << "its end";
}

TEST(Scaling, GrowsThoughNeverAllAreAtWorkAtOnce) {
  Room room;
  ASSERT_EQ(room.grow(100), 2U);
  const auto dip = [&] { return room.see({100, 10s, 1, 1, true}); };
  room.now += 1s;
  EXPECT_EQ(dip(), 2U) << "nobody has come";
  room.pool.started(kCost);
  EXPECT_EQ(dip(), 2U);
  room.now += kCost;
  EXPECT_EQ(dip(), 4U) << "one came, and has had its time; another is being replaced";
  room.pool.started(kCost);
  room.now += 1s;
  EXPECT_EQ(dip(), 4U) << "one of two";
}

TEST(Scaling, KnowsAStartsCostByTheLastStarts) {
  Room room;
  room.pool.started(kCost + 400ms);
  EXPECT_EQ(room.grow(9), 1U) << "it is 150 ms by now";
  room.now += 150ms;
  EXPECT_EQ(room.see(waiting(room.pool, 9, 150ms)), 2U);
  Scaling fresh({1, 4}, kIdle);
  fresh.look(kNow, waiting(fresh, 1, 99ms));
  fresh.look(kNow + 1s, waiting(fresh, 1, 99ms));
  EXPECT_EQ(fresh.wanted(), 1U);
  fresh.look(kNow + 1s, waiting(fresh, 1, 100ms));
  EXPECT_EQ(fresh.wanted(), 2U) << "where none was seen";
}

TEST(Scaling, ShrinksToWhatWasNeededInTheIdleTime) {
  Room room;
  ASSERT_EQ(room.grow(9), 2U);
  ASSERT_EQ(room.grow(9), 4U);
  ASSERT_EQ(room.grow(9), 8U);
  room.now += 1s;
  EXPECT_EQ(room.see(running(room.pool, 3)), 8U);
  const TimePoint three = room.now;
  room.now += 1s;
  EXPECT_EQ(room.see(running(room.pool, 2)), 8U);
  room.now = three + kIdle - 1s;
  EXPECT_EQ(room.see(running(room.pool, 2)), 3U) << "the others had nothing to do since they came";
  room.now = three + kIdle;
  EXPECT_EQ(room.see(running(room.pool, 0)), 2U);
  room.now += kIdle - 1s;
  EXPECT_EQ(room.see(running(room.pool, 0)), 1U);
  room.now += 10 * kIdle;
  EXPECT_EQ(room.see(running(room.pool, 0)), 1U) << "its other end";
}

TEST(Scaling, WhoWaitsIsNeededToo) {
  Room room;
  ASSERT_EQ(room.grow(9), 2U);
  room.now += kIdle;
  EXPECT_EQ(room.see({5, 1ms, 0, 2, true}), 2U);
}

TEST(Scaling, WhoIsBeingReplacedIsNeededWhereNobodyIsIdle) {
  Room room;
  ASSERT_EQ(room.grow(9), 2U);
  ASSERT_EQ(room.grow(9), 4U);
  room.now += kIdle - 1ms;
  EXPECT_EQ(room.see({0, {}, 3, 3, true}), 4U);
  room.now += kIdle - 1ms;
  EXPECT_EQ(room.see({0, {}, 2, 3, true}), 4U);
  room.now += 1ms;
  EXPECT_EQ(room.see({0, {}, 0, 0, false}), 2U) << "two were enough";
}

TEST(Scaling, KeepsThemForEverWhereItIsTold) {
  Room room({1, 8}, Duration::zero());
  ASSERT_EQ(room.grow(9), 2U);
  room.now += 100h;
  EXPECT_EQ(room.see(running(room.pool, 0)), 2U);
  EXPECT_EQ(room.pool.next_look(), std::nullopt);
}

TEST(Scaling, LooksWhenItMayGrowOrShrink) {
  Room room;
  EXPECT_EQ(room.pool.next_look(), std::nullopt) << "all sleep: a bell will ring";
  room.see(running(room.pool, 1));
  EXPECT_EQ(room.pool.next_look(), kNow + kCost);
  ASSERT_EQ(room.grow(1), 2U);
  const TimePoint grown = room.now;
  room.now += 1s;
  room.see(running(room.pool, 0));
  EXPECT_EQ(room.pool.next_look(), grown + kIdle) << "the second goes then";
  room.now = grown + kIdle;
  EXPECT_EQ(room.see(running(room.pool, 0)), 1U);
  EXPECT_EQ(room.pool.next_look(), std::nullopt);
}

TEST(Scaling, OfOneNumberNeverChangesNorLooks) {
  Room room({3, 3});
  EXPECT_EQ(room.pool.wanted(), 3U);
  EXPECT_EQ(room.grow(100), 3U);
  room.now += 100 * kIdle;
  EXPECT_EQ(room.see(running(room.pool, 0)), 3U);
  EXPECT_EQ(room.pool.next_look(), std::nullopt);
  room.pool.take_over(room.now, 1);
  EXPECT_EQ(room.pool.wanted(), 3U);
}

TEST(Scaling, GoesOnWithThoseThatASuccessorFinds) {
  Scaling pool({2, 4}, kIdle);
  pool.take_over(kNow, 3);
  EXPECT_EQ(pool.wanted(), 3U);
  pool.look(kNow + kIdle - 1s, running(pool, 0));
  EXPECT_EQ(pool.wanted(), 3U);
  pool.look(kNow + kIdle, running(pool, 0));
  EXPECT_EQ(pool.wanted(), 2U);
  pool.take_over(kNow, 9);
  EXPECT_EQ(pool.wanted(), 4U);
  pool.take_over(kNow, 0);
  EXPECT_EQ(pool.wanted(), 2U);
}

TEST(Scaling, StaysWithinOtherEnds) {
  Room room;
  ASSERT_EQ(room.grow(9), 2U);
  room.pool.set_range(room.now, {4, 16});
  EXPECT_EQ(room.pool.wanted(), 4U);
  EXPECT_EQ(room.grow(100), 8U);
  EXPECT_EQ(room.grow(100), 16U);
  room.pool.set_range(room.now, {1, 3});
  EXPECT_EQ(room.pool.wanted(), 3U);
  EXPECT_EQ(room.grow(100), 3U);
  room.pool.set_range(room.now, {2, 2});
  EXPECT_EQ(room.pool.wanted(), 2U);
  EXPECT_EQ(room.pool.next_look(), std::nullopt);
}

TEST(Scaling, LetsNobodyGoWhereARangeReplacesOneNumber) {
  Room room({1, 4});
  ASSERT_EQ(room.grow(9), 2U);
  room.pool.set_range(room.now, {4, 4});
  room.now += 10 * kIdle;
  room.see(running(room.pool, 4));
  room.pool.set_range(room.now, {1, 4});
  const TimePoint resized = room.now;
  EXPECT_EQ(room.see(running(room.pool, 0)), 4U);
  EXPECT_GT(room.pool.next_look(), room.now);
  room.now = resized + kIdle - 1ms;
  EXPECT_EQ(room.see(running(room.pool, 0)), 4U);
  room.now = resized + kIdle;
  EXPECT_EQ(room.see(running(room.pool, 0)), 1U);
}

}  // namespace
}  // namespace ringmaster::core
