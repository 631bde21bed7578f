#include "daemon/pools/pool_set.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pools/pools_life.h"

namespace ringmaster::daemon {
namespace {

TEST(PoolSet, ShowsACreatedPoolToItsOwnerAndToAdministrators) {
  testing::Left left;
  testing::PoolsLife life(left, 1);
  const auto offer = life.create("p");
  ASSERT_TRUE(offer && *offer);
  const auto seen_by = [&](const std::optional<Viewer>& viewer) { return life.set().seen_by(viewer).size(); };
  EXPECT_EQ(life.set().all().size(), 2U);
  EXPECT_EQ(seen_by(Viewer{::geteuid(), false}), 2U);
  EXPECT_EQ(seen_by(Viewer{::geteuid() + 1, true}), 2U);
  EXPECT_EQ(seen_by(Viewer{::geteuid() + 1, false}), 1U);
  EXPECT_EQ(seen_by(std::nullopt), 1U) << "what anybody may see";
}

}  // namespace
}  // namespace ringmaster::daemon
