#include "daemon/core/job/wake_pace.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

// How often it rests among so many wakes, one each `apart`.
unsigned rests(unsigned wakes, Duration apart) {
  WakePace pace;
  TimePoint now{1h};
  unsigned count = 0;
  for (unsigned i = 0; i < wakes; ++i, now += apart) count += pace.too_fast(now) ? 1U : 0U;
  return count;
}

TEST(WakePace, DoesNotRestBetweenJobs) {
  EXPECT_EQ(rests(100'000, 10us), 0U);
  EXPECT_EQ(rests(100'000, 1s), 0U);
}

TEST(WakePace, RestsOnceARoundWhereSomebodyChangesTheWordAllTheTime) {
  EXPECT_EQ(rests(10 * WakePace::kRound, 100ns), 10U);
}

}  // namespace
}  // namespace ringmaster::core
