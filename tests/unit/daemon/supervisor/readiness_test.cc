#include "daemon/supervisor/readiness.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

TEST(Readiness, OfANewDaemonWaitsForEveryPoolAndIsSaidOnce) {
  int said = 0;
  Readiness readiness(false, [&] { ++said; });
  readiness.look(0, 2);
  readiness.look(1, 2);
  EXPECT_EQ(said, 0);
  readiness.look(2, 2);
  readiness.look(1, 2);
  readiness.look(2, 2);
  EXPECT_EQ(said, 1);
}

TEST(Readiness, OfASuccessorWaitsForOnePool) {
  int said = 0;
  Readiness readiness(true, [&] { ++said; });
  readiness.look(0, 3);
  EXPECT_EQ(said, 0);
  readiness.look(1, 3);
  EXPECT_EQ(said, 1);
}

TEST(Readiness, WaitsForNothingWhereThereAreOnlyPoolsThatUsersCreate) {
  for (const bool taken_over : {false, true}) {
    int said = 0;
    Readiness readiness(taken_over, [&] { ++said; });
    readiness.look(0, 0);
    EXPECT_EQ(said, 1);
  }
}

}  // namespace
}  // namespace ringmaster::daemon
