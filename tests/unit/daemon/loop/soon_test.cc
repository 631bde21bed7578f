#include "daemon/loop/soon.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

TEST(Soon, RunsOnceHoweverOftenItIsAskedFor) {
  testing::Posted posted;
  int runs = 0;
  Soon soon(posted.later(), [&runs] { ++runs; });
  soon.ask();
  soon.ask();
  EXPECT_EQ(runs, 0) << "never within a call";
  posted.run();
  EXPECT_EQ(runs, 1);
  posted.run();
  EXPECT_EQ(runs, 1);
}

TEST(Soon, MayBeAskedForWhileItRuns) {
  testing::Posted posted;
  int runs = 0;
  Soon* again = nullptr;
  Soon soon(posted.later(), [&] {
    if (++runs == 1) again->ask();
  });
  again = &soon;
  soon.ask();
  posted.run();
  EXPECT_EQ(runs, 1);
  posted.run();
  EXPECT_EQ(runs, 2);
}

TEST(Soon, RunsNotAfterItsOwnerIsGone) {
  testing::Posted posted;
  int runs = 0;
  {
    Soon soon(posted.later(), [&runs] { ++runs; });
    soon.ask();
  }
  posted.run();
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace ringmaster::daemon
