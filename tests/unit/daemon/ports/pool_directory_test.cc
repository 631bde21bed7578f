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
  EXPECT_EQ(pools.named("sound"), &sound);
  EXPECT_EQ(pools.named("Sound"), nullptr);
  EXPECT_EQ(pools.named(""), nullptr);
  EXPECT_EQ(pools.numbered(0), &images);
  EXPECT_EQ(pools.numbered(2), nullptr);
  EXPECT_EQ(pools.size(), 2U);
}

TEST(PoolDirectory, SaysThatThereIsNoSuchPoolAndWhichThereAre) {
  FakePoolPort images("images", 0);
  FakePoolPort sound("sound", 1);
  const std::array<PoolPort*, 2> all{&images, &sound};
  EXPECT_EQ(PoolDirectory(all).no_such("video\x1b"), "no pool \"video?\"; there is \"images\" \"sound\"");
}

}  // namespace
}  // namespace ringmaster::daemon
