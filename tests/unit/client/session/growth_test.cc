#include "client/session/growth.h"

#include <gtest/gtest.h>

#include "tests/unit/client/session/session_jobs.h"

namespace ringmaster::client {
namespace {

using Life = JobRecord::Life;
using std::chrono::seconds;

constexpr Growth::TimePoint at_second(int second) { return Growth::TimePoint(seconds(second)); }

bool memory_left = true;
bool may_take(std::uint64_t) { return memory_left; }

struct Growing : testing::SessionJobs {
  Growing() { memory_left = true; }
  std::uint32_t told = JobRecords::kNone;  ///< that was given up last
  Growth growth{records, world.client, results, may_take};

  /// Ends as too large; whether it was asked again at once.
  bool ended(std::uint32_t at, std::uint64_t needed, int second = 0) {
    end_too_large(at, needed);
    const std::size_t before = published.size();
    growth.ended(at, at_second(second), [this](std::uint32_t one) { publish(one); });
    return published.size() > before;
  }
  bool served(int second) {
    const std::size_t before = published.size();
    growth.serve(
        at_second(second), [this](std::uint32_t one) { publish(one); }, [this](std::uint32_t one) { told = one; });
    return published.size() > before;
  }
  /// What somebody holds of the ring.
  shm::Extent hold(std::uint64_t bytes) {
    shm::Extent held;
    EXPECT_EQ(results.take(bytes, held, may_take), shm::Taken::Ok);
    return held;
  }
};

TEST(Growth, AsksAgainOnlyForAJobThatMayRunTwice) {
  Growing g;
  const std::uint32_t once = g.submit(64, 0);
  g.end_too_large(once, 100);
  EXPECT_FALSE(Growth::asks_again(g.records[once], g.records[once].end));
  const std::uint32_t twice = g.submit(64);
  g.end_too_large(twice, 100);
  EXPECT_TRUE(Growth::asks_again(g.records[twice], g.records[twice].end));
  g.records[twice].asked_again = true;
  EXPECT_FALSE(Growth::asks_again(g.records[twice], g.records[twice].end));
  const std::uint32_t other = g.submit(64);
  g.end(other, {shm::SlotState::Failed, Cause::Application, 0, 0, 100, {}});
  EXPECT_FALSE(Growth::asks_again(g.records[other], g.records[other].end));
}

TEST(Growth, AsksAtOnceWithTheRoomThatIsNeeded) {
  Growing g;
  const std::uint32_t job = g.submit(64);
  EXPECT_TRUE(g.ended(job, 1000));
  EXPECT_EQ(g.records[job].job.result_capacity, 1000U);
  EXPECT_EQ(g.records[job].life, Life::Published);
  EXPECT_TRUE(g.records[job].asked_again);
  EXPECT_EQ(g.results.in_use(), 1024U) << "the room before is given back";
  EXPECT_FALSE(g.growth.waits());
}

TEST(Growth, BelievesNoNeedThatCannotBe) {
  Growing g;
  const std::uint32_t small = g.submit(128);
  EXPECT_FALSE(g.ended(small, 128)) << "that much it had";
  EXPECT_EQ(g.records[small].life, Life::Ended);
  const std::uint32_t large = g.submit(128);
  EXPECT_FALSE(g.ended(large, 4097));
  EXPECT_EQ(g.records[large].life, Life::Ended);
  EXPECT_FALSE(g.growth.waits());
}

TEST(Growth, WaitsForRoomAndAsksWhenItComes) {
  Growing g;
  const shm::Extent held = g.hold(3000);
  const std::uint32_t job = g.submit(64);
  EXPECT_FALSE(g.ended(job, 2000));
  EXPECT_EQ(g.records[job].life, Life::Waiting);
  EXPECT_TRUE(g.growth.waits());
  EXPECT_FALSE(g.served(0));
  g.results.give_back(held.id);
  EXPECT_TRUE(g.served(0));
  EXPECT_FALSE(g.growth.waits());
  EXPECT_EQ(g.records[job].life, Life::Published);
}

TEST(Growth, GivesUpWhenNothingMovesForANap) {
  Growing g;
  (void)g.hold(3000);
  const std::uint32_t job = g.submit(64);
  EXPECT_FALSE(g.ended(job, 2000, 10));
  EXPECT_FALSE(g.served(11));
  EXPECT_EQ(g.records[job].life, Life::Waiting) << "a nap's time, and no more";
  g.growth.stirred(at_second(11));
  EXPECT_FALSE(g.served(12));
  EXPECT_EQ(g.records[job].life, Life::Waiting) << "a result came back";
  EXPECT_EQ(g.told, JobRecords::kNone);
  EXPECT_FALSE(g.served(13));
  EXPECT_EQ(g.records[job].life, Life::Ended);
  EXPECT_EQ(g.told, job);
  EXPECT_FALSE(g.growth.waits());
}

TEST(Growth, WaitsOnWhileOtherJobsAreInFlight) {
  Growing g;
  (void)g.hold(3000);
  const std::uint32_t job = g.submit(64);
  EXPECT_FALSE(g.ended(job, 2000, 0));
  (void)g.submit(0);
  EXPECT_FALSE(g.served(100));
  EXPECT_EQ(g.records[job].life, Life::Waiting);
}

TEST(Growth, AsksForNothingWhereThePoolTakesNothing) {
  Growing g;
  g.world.board->closed.store(static_cast<std::uint32_t>(shm::BoardClosed::Draining));
  const std::uint32_t job = g.submit(64);
  EXPECT_FALSE(g.ended(job, 1000));
  EXPECT_EQ(g.records[job].life, Life::Ended);
}

TEST(Growth, AsksForNothingWithoutMemory) {
  Growing g;
  memory_left = false;
  const std::uint32_t job = g.submit(0);
  EXPECT_FALSE(g.ended(job, 1000));
  EXPECT_EQ(g.records[job].life, Life::Ended);
}

TEST(Growth, OneThatIsGivenUpWaitsNoLonger) {
  Growing g;
  (void)g.hold(3000);
  const std::uint32_t job = g.submit(64);
  EXPECT_FALSE(g.ended(job, 2000));
  g.growth.give_up(g.records[job]);
  EXPECT_EQ(g.records[job].life, Life::Ended);
  EXPECT_FALSE(g.growth.waits());
}

}  // namespace
}  // namespace ringmaster::client
