#include "daemon/control/requests/when_all_known.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_pool_gate.h"

namespace ringmaster::daemon {
namespace {

using testing::FakePoolPort;

TEST(WhenAllKnown, IsAtOnceWhereAllAre) {
  FakePoolPort first("first");
  FakePoolPort second("second");
  int calls = 0;
  when_all_known({&first, &second}, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(WhenAllKnown, WaitsForEachOfThoseThatAreNot) {
  FakePoolPort first("first");
  FakePoolPort ready("ready");
  FakePoolPort last("last");
  first.known = last.known = false;
  int calls = 0;
  when_all_known({&first, &ready, &last}, [&] { ++calls; });
  FakePoolPort::answer(last.waiting);
  EXPECT_EQ(calls, 0) << "the first is still to come";
  FakePoolPort::answer(first.waiting);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace ringmaster::daemon
