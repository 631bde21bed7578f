#include "worker/session/streaming.h"

#include <gtest/gtest.h>

namespace ringmaster::worker {
namespace {

constexpr std::uint32_t kFirst = 3;
constexpr std::uint32_t kSecond = 200;

class TwoWorkers : public testing::Test {
 protected:
  // True when the last job's end asked for somebody to stand by.
  static bool run(Streaming& worker, unsigned jobs, std::uint64_t each_ns = 100) {
    bool asked = false;
    for (unsigned i = 0; i < jobs; ++i) asked = worker.ended(each_ns);
    return asked;
  }
  TwoWorkers() { shm::set_idle(board_, 5); }
  [[nodiscard]] std::uint32_t streamer() const { return board_.streamer.load(); }
  [[nodiscard]] std::uint32_t standby() const { return board_.standby.load(); }

  shm::BoardRecord board_{};
  Streaming first_{board_, kFirst};
  Streaming second_{board_, kSecond};
};

TEST_F(TwoWorkers, ARowOfShortJobsMakesAStreamAndAsksOnceForAStandby) {
  EXPECT_FALSE(run(first_, Streaming::kStreak - 1));
  EXPECT_EQ(streamer(), 0U);
  EXPECT_TRUE(run(first_, 1));
  EXPECT_EQ(streamer(), kFirst + 1);
  EXPECT_TRUE(first_.streams());
  EXPECT_FALSE(first_.another_streams());
  EXPECT_TRUE(second_.another_streams());
  EXPECT_FALSE(run(first_, 1));
}

TEST_F(TwoWorkers, NobodyStreamsWhereNobodySleeps) {
  shm::clear_idle(board_, 5);
  EXPECT_FALSE(run(first_, 2 * Streaming::kStreak));
  EXPECT_FALSE(first_.streams());
  shm::set_idle(board_, 5);
  EXPECT_TRUE(run(first_, 1));
}

TEST_F(TwoWorkers, OneStreamsAtATime) {
  (void)run(first_, Streaming::kStreak);
  EXPECT_FALSE(run(second_, 100));
  EXPECT_FALSE(second_.streams());
  EXPECT_EQ(streamer(), kFirst + 1);
}

TEST_F(TwoWorkers, NobodyStandsByWhereNobodyStreams) {
  EXPECT_FALSE(second_.stand_by());
  (void)run(first_, Streaming::kStreak);
  EXPECT_FALSE(first_.stand_by());
  EXPECT_TRUE(second_.stand_by());
  EXPECT_EQ(standby(), kSecond + 1);
  EXPECT_TRUE(first_.another_stands_by());
  EXPECT_FALSE(second_.another_stands_by());
}

// While somebody stands by nobody is rung; a third one stays what it is.
TEST_F(TwoWorkers, WhoStandsBySparesTheRing) {
  EXPECT_TRUE(shm::should_ring(board_));
  (void)run(first_, Streaming::kStreak);
  EXPECT_TRUE(shm::should_ring(board_));
  ASSERT_TRUE(second_.stand_by());
  EXPECT_FALSE(shm::should_ring(board_));
  Streaming third(board_, 5);
  EXPECT_FALSE(third.stand_by());
  second_.leave();
  EXPECT_TRUE(shm::should_ring(board_));
}

TEST_F(TwoWorkers, TheEndOfAStreamLetsClientsRingAgain) {
  (void)run(first_, Streaming::kStreak);
  ASSERT_TRUE(second_.stand_by());
  first_.stop();
  EXPECT_EQ(streamer(), 0U);
  EXPECT_EQ(standby(), 0U);
  // A worker that does not stream ends nothing.
  (void)run(second_, Streaming::kStreak);
  first_.stop();
  EXPECT_EQ(streamer(), kSecond + 1);
}

TEST_F(TwoWorkers, ALongJobEndsAStreamAndAnInterruptedOneDoesNot) {
  (void)run(first_, 2 * Streaming::kStreak);
  (void)run(first_, 1, Streaming::kShortNs + 1);
  EXPECT_TRUE(first_.streams());
  (void)run(first_, 3, Streaming::kShortNs + 1);
  EXPECT_FALSE(first_.streams());
  EXPECT_EQ(streamer(), 0U);
  (void)run(first_, 2 * Streaming::kStreak);
  EXPECT_TRUE(first_.streams());
  (void)run(first_, 1, Streaming::kLongNs + 1);
  EXPECT_EQ(streamer(), 0U);
}

// The standby has found work that waits: the streamer is stuck, and learns so at its next job's end.
TEST_F(TwoWorkers, WhoStoodByEndsAnothersStream) {
  (void)run(first_, Streaming::kStreak);
  ASSERT_TRUE(second_.stand_by());
  second_.end_anothers();
  second_.leave();
  EXPECT_EQ(streamer(), 0U);
  (void)run(second_, Streaming::kStreak);
  EXPECT_EQ(streamer(), kSecond + 1);
  EXPECT_FALSE(run(first_, 1));
  EXPECT_FALSE(first_.streams());
  EXPECT_TRUE(first_.another_streams());
}

}  // namespace
}  // namespace ringmaster::worker
