#include "shm/ledger/delivered.h"

#include <gtest/gtest.h>

#include <memory>

namespace ringmaster::shm {
namespace {

TEST(Delivered, EachSlotOfASessionByItself) {
  const auto table = std::make_unique<DeliveredTable>();
  EXPECT_FALSE(is_delivered(*table, 5, 0));
  mark_delivered(*table, 5, 0);
  mark_delivered(*table, 5, 1023);
  EXPECT_TRUE(is_delivered(*table, 5, 0));
  EXPECT_TRUE(is_delivered(*table, 5, 1023));
  EXPECT_FALSE(is_delivered(*table, 5, 64));
  EXPECT_FALSE(is_delivered(*table, 6, 0));
  clear_delivered(*table, 5, 0);
  EXPECT_FALSE(is_delivered(*table, 5, 0));
  EXPECT_TRUE(is_delivered(*table, 5, 1023));
}

TEST(Delivered, ALaterSessionTakesThePlaceAndNothingOfItsPredecessor) {
  const auto table = std::make_unique<DeliveredTable>();
  mark_delivered(*table, 5, 7);
  mark_delivered(*table, 5 + 256, 8);
  EXPECT_FALSE(is_delivered(*table, 5, 7));
  EXPECT_FALSE(is_delivered(*table, 5 + 256, 7));
  EXPECT_TRUE(is_delivered(*table, 5 + 256, 8));
  clear_delivered(*table, 5, 8);
  EXPECT_TRUE(is_delivered(*table, 5 + 256, 8)) << "of another session";
}

TEST(Delivered, WhatASupervisorDiedOverCountsAsNotDelivered) {
  const auto table = std::make_unique<DeliveredTable>();
  mark_delivered(*table, 5, 7);
  table->sessions[5].serial.store(0);  // the first store of the place's next owner
  EXPECT_FALSE(is_delivered(*table, 5, 7));
  mark_delivered(*table, 5, 8);
  EXPECT_FALSE(is_delivered(*table, 5, 7));
  EXPECT_TRUE(is_delivered(*table, 5, 8));
}

}  // namespace
}  // namespace ringmaster::shm
