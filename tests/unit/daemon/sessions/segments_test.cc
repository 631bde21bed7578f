#include "daemon/sessions/segments.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

TEST(GrantRings, FillsInDefaultsAndRoundsUp) {
  config::SessionConfig limits;
  limits.slots = 100;
  const GrantedRings usual = grant_rings(limits, {});
  EXPECT_FALSE(usual.too_large);
  EXPECT_EQ(usual.geometry.request_ring_bytes, limits.request_ring.value);
  EXPECT_EQ(usual.geometry.slots, 128U);
  EXPECT_TRUE(usual.geometry.valid());
  const GrantedRings small = grant_rings(limits, {1, 4097, 1});
  EXPECT_EQ(small.geometry.request_ring_bytes, 4096U);
  EXPECT_EQ(small.geometry.result_ring_bytes, 8192U);
  EXPECT_EQ(small.geometry.slots, shm::kMinSlots);
  EXPECT_TRUE(small.geometry.valid());
  EXPECT_EQ(grant_rings(limits, {1, 1, 1'000'000}).geometry.slots, shm::kMaxSlots);
}

TEST(GrantRings, SaysWhatWasAskedAndWhatIsAllowed) {
  config::SessionConfig limits;
  limits.result_ring_max = core::mib(8);
  const GrantedRings granted = grant_rings(limits, {4096, core::mib(9).value, 64});
  EXPECT_TRUE(granted.too_large);
  EXPECT_EQ(granted.asked, core::mib(9).value);
  EXPECT_EQ(granted.limit, core::mib(8).value);
}

}  // namespace
}  // namespace ringmaster::daemon
