#include "daemon/jobs/home/home_order.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

using Serials = std::vector<std::uint32_t>;

TEST(HomeOrder, TriesTheLatestTakerFirst) {
  HomeOrder order;
  for (const std::uint32_t serial : {1U, 2U, 3U}) order.add(0, 1000, serial);
  EXPECT_EQ(order.to_try(0, 1000), (Serials{3, 2, 1}));
  order.took(0, 1000, 1);
  EXPECT_EQ(order.to_try(0, 1000), (Serials{1, 3, 2}));
  EXPECT_TRUE(order.to_try(1, 1000).empty()) << "of another pool";
  EXPECT_TRUE(order.to_try(0, 1001).empty()) << "of another user";
}

TEST(HomeOrder, ForgetsASessionThatTakesNoMore) {
  HomeOrder order;
  order.add(0, 1000, 1);
  order.add(0, 1000, 2);
  order.remove(2);
  order.remove(9);
  EXPECT_EQ(order.to_try(0, 1000), Serials{1});
  order.remove(1);
  EXPECT_EQ(order.size(), 0U);
}

TEST(HomeOrder, LimitsTheSessionsOfAUserInAPoolAndOfAll) {
  HomeOrder order;
  EXPECT_TRUE(order.may_add(HomeOrder::kMostOfOne - 1));
  EXPECT_FALSE(order.may_add(HomeOrder::kMostOfOne));
  for (std::uint32_t serial = 1; serial <= HomeOrder::kMostInAll; ++serial) order.add(serial % 16, serial, serial);
  EXPECT_FALSE(order.may_add(0));
  order.remove(5);
  EXPECT_TRUE(order.may_add(0));
}

}  // namespace
}  // namespace ringmaster::daemon
