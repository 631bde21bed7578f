#include "daemon/core/pool/pool_places.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

TEST(PoolPlaces, GivesWhatFollowsInTheOrderOfTheConfiguration) {
  PoolPlaces places(8, 100);
  EXPECT_EQ(places.take(3), (PoolPlace{0, 0, 3}));
  EXPECT_EQ(places.take(2), (PoolPlace{1, 3, 2}));
  EXPECT_EQ(places.pool_of(2), 0U);
  EXPECT_EQ(places.pool_of(3), 1U);
  EXPECT_EQ(places.pool_of(5), std::nullopt);
}

TEST(PoolPlaces, FillsAGapThatIsLargeEnough) {
  PoolPlaces places(8, 100);
  for (const std::uint32_t seats : {4U, 5U, 6U}) ASSERT_TRUE(places.take(seats));
  places.give_back(1);
  EXPECT_EQ(places.pool_of(4), std::nullopt);
  EXPECT_EQ(places.take(6), (PoolPlace{1, 15, 6})) << "the gap is too small for its workers, its number is free";
  EXPECT_EQ(places.take(5), (PoolPlace{3, 4, 5}));
}

TEST(PoolPlaces, RefusesWhatHasNoRoomAndChangesNothing) {
  PoolPlaces places(2, 10);
  ASSERT_TRUE(places.take(4));
  EXPECT_EQ(places.take(7), std::nullopt);
  EXPECT_EQ(places.take(0), std::nullopt);
  EXPECT_EQ(places.take(0xFFFFFFFF), std::nullopt);
  EXPECT_EQ(places.take(6), (PoolPlace{1, 4, 6}));
  EXPECT_EQ(places.take(1), std::nullopt) << "no pool more";
}

TEST(PoolPlaces, KeepsClearOfAWorkerWhoseExitIsToCome) {
  PoolPlaces places(4, 20);
  places.block(2);
  EXPECT_EQ(places.take(3), (PoolPlace{0, 3, 3}));
  EXPECT_EQ(places.take(2), (PoolPlace{1, 0, 2}));
  places.unblock(2);
  EXPECT_EQ(places.take(1), (PoolPlace{2, 2, 1}));
}

TEST(PoolPlaces, TakesAPredecessorsPlaceUnlessItIsTaken) {
  PoolPlaces places(4, 20);
  ASSERT_TRUE(places.take(5));
  EXPECT_TRUE(places.take_again({3, 9, 4}));
  EXPECT_FALSE(places.take_again({3, 14, 1})) << "that number";
  EXPECT_FALSE(places.take_again({2, 12, 2})) << "those workers";
  EXPECT_FALSE(places.take_again({4, 15, 1})) << "beyond the ledger";
  EXPECT_FALSE(places.take_again({2, 19, 2})) << "beyond the ledger";
  EXPECT_FALSE(places.take_again({2, 0xFFFFFFF0, 0x20})) << "around its end";
  EXPECT_FALSE(places.take_again({2, 6, 0}));
  EXPECT_TRUE(places.take_again({2, 13, 7}));
}

}  // namespace
}  // namespace ringmaster::core
