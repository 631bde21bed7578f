#include "client/session/wait_pace.h"

#include <gtest/gtest.h>

#include "client/session/wait_step.h"

namespace ringmaster::client {
namespace {

constexpr Duration kSpin = std::chrono::microseconds(50);

TEST(WaitPace, SpinsFirstAndSleepsAfterASpinInVain) {
  WaitPace pace(kSpin, true);
  pace.looked(false);
  EXPECT_TRUE(pace.spins());
  EXPECT_FALSE(pace.looks_at_all()) << "the job has a line of its own";
  pace.spun(false);
  EXPECT_FALSE(pace.spins());
  EXPECT_TRUE(pace.looks_at_all()) << "before it sleeps";
}

TEST(WaitPace, SpinsAgainWhenWhatChangedWasFound) {
  WaitPace pace(kSpin, true);
  pace.spun(true);
  pace.looked(true);  // it was asked again with a larger result
  EXPECT_TRUE(pace.spins());
}

TEST(WaitPace, DoesNotSpinOnAWordThatSomebodyAltered) {
  WaitPace pace(kSpin, true);
  pace.spun(true);
  pace.looked(false);
  EXPECT_FALSE(pace.spins());
}

TEST(WaitPace, LooksAtAllForSeveralJobs) {
  WaitPace pace(kSpin, false);
  EXPECT_TRUE(pace.looks_at_all());
  EXPECT_TRUE(pace.spins());
}

TEST(WaitPace, NeverSpinsWhereThatIsNotWanted) { EXPECT_FALSE(WaitPace(Duration(0), true).spins()); }

TEST(TimeLimit, IsOverAtOnceOrNever) {
  EXPECT_EQ(TimeLimit(Duration(0)).left(), Duration(0));
  EXPECT_EQ(TimeLimit(Duration(-1)).left(), Duration(0));
  EXPECT_EQ(TimeLimit(kForever).left(), kForever);
}

}  // namespace
}  // namespace ringmaster::client
