#include "daemon/ports/pool_directory.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/testing/fake_pool_port.h"

namespace ringmaster::daemon {
namespace {

using testing::FakePoolPort;

TEST(PoolDirectory, FindsAPoolByNameAndByNumber) {
  FakePoolPort images("images", 0);
  FakePoolPort sound("sound", 1);
  const std::array<PoolPort*, 2> all{&images, &sound};
  const PoolDirectory pools{all};
  EXPECT_EQ(pools.named("sound", 7), &sound);
  EXPECT_EQ(pools.named("Sound", 7), nullptr);
  EXPECT_EQ(pools.named("", 7), nullptr);
  EXPECT_EQ(pools.numbered(0), &images);
  EXPECT_EQ(pools.numbered(2), nullptr);
  EXPECT_EQ(pools.size(), 2U);
}

TEST(PoolDirectory, HasACreatedPoolForItsOwnerAndForRootAlone) {
  FakePoolPort images("images", 0);
  FakePoolPort own("u7.own", 1);
  own.settings.owner = 7;
  const std::array<PoolPort*, 2> all{&images, &own};
  const PoolDirectory pools{all};
  for (const core::Uid user : {7U, 0U}) {
    EXPECT_EQ(pools.named("u7.own", user), &own);
    EXPECT_EQ(pools.all_for(user).size(), 2U);
  }
  EXPECT_EQ(pools.named("u7.own", 8), nullptr);
  EXPECT_EQ(pools.all_for(8), std::vector<PoolPort*>{&images});
  EXPECT_EQ(pools.no_such("u7.own", 8), "no pool \"u7.own\"; there is \"images\"");
}

TEST(PoolDirectory, SaysThatThereIsNoSuchPoolAndWhichThereAre) {
  FakePoolPort images("images", 0);
  FakePoolPort sound("sound", 1);
  const std::array<PoolPort*, 2> all{&images, &sound};
  EXPECT_EQ(PoolDirectory(all).no_such("video\x1b", 7), "no pool \"video?\"; there is \"images\" \"sound\"");
}

}  // namespace
}  // namespace ringmaster::daemon
