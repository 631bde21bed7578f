#include "daemon/control/requests/when_all_known.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_pool_port.h"
#include "tests/testing/fake_timers.h"

namespace ringmaster::daemon {
namespace {

using testing::FakePoolPort;
using testing::FakeTimers;

TEST(WhenAllKnown, IsAtOnceWhereAllAre) {
  FakePoolPort first("first");
  FakePoolPort second("second");
  FakeTimers timers;
  int calls = 0;
  when_all_known(timers, {&first, &second}, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(WhenAllKnown, WaitsForEachOfThoseThatAreNot) {
  FakePoolPort first("first");
  FakePoolPort ready("ready");
  FakePoolPort last("last");
  first.known = last.known = false;
  FakeTimers timers;
  int calls = 0;
  when_all_known(timers, {&first, &ready, &last}, [&] { ++calls; });
  FakePoolPort::answer(last.waiting);
  EXPECT_EQ(calls, 0) << "the first is still to come";
  FakePoolPort::answer(first.waiting);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(timers.waiting(), 0U);
}

TEST(WhenAllKnown, OneThatStartsSlowlyHidesNoOther) {
  FakePoolPort slow("slow");
  FakePoolPort ready("ready");
  slow.known = false;
  FakeTimers timers;
  int calls = 0;
  when_all_known(timers, {&slow, &ready}, [&] { ++calls; });
  timers.pass(kLongestKnownWait);
  EXPECT_EQ(calls, 1);
  FakePoolPort::answer(slow.waiting);
  EXPECT_EQ(calls, 1) << "once";
}

TEST(WhenAllKnown, ASinglePoolIsWaitedFor) {
  FakePoolPort slow("slow");
  slow.known = false;
  FakeTimers timers;
  int calls = 0;
  when_all_known(timers, {&slow}, [&] { ++calls; });
  timers.pass(std::chrono::hours{1});
  EXPECT_EQ(calls, 0);
  FakePoolPort::answer(slow.waiting);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace ringmaster::daemon
