#include "tests/unit/daemon/pool/pool_fixture.h"

namespace ringmaster::daemon {
namespace {

using std::chrono::milliseconds;
using testing::PoolLife;
using testing::Remains;

// Looks at a pool whose jobs may run for 30 s are a second apart: one was planned before the session came.
TEST(PoolLooks, ASessionWithAShorterTimeoutIsLookedAtInTime) {
  Remains remains;
  PoolLife life(remains);
  life.pool().adopt(0, 1, testing::kNoPid, remains.held(), false);
  life.pool().start();
  life.settle();
  remains.session.shortest_run_ms = 100;
  life.pool().attach(remains.session, [] {});
  remains.run_a_job(0, 42, 100);
  life.pass(milliseconds{200});
  const auto verdict = shm::standing_verdict(remains.record());
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->cause, Cause::RunTimeout);
}

}  // namespace
}  // namespace ringmaster::daemon
