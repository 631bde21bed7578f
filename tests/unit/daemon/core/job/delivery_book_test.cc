#include "daemon/core/job/delivery_book.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

TEST(DeliveryBook, TellsWhatAConnectionHasReadOnce) {
  DeliveryBook book;
  book.give(1, 10);
  book.give(1, 11);
  book.give(2, 10);
  EXPECT_EQ(book.read(1), (std::vector<std::uint64_t>{10, 11}));
  EXPECT_TRUE(book.read(1).empty());
  EXPECT_EQ(book.read(2), std::vector<std::uint64_t>{10}) << "two may have asked for one job";
}

TEST(DeliveryBook, WhatAConnectionTookAlongIsNotRead) {
  DeliveryBook book;
  book.give(1, 10);
  book.give(1, 11);
  EXPECT_EQ(book.lose(1), (std::vector<std::uint64_t>{10, 11}));
  EXPECT_TRUE(book.lose(1).empty());
  EXPECT_TRUE(book.read(1).empty());
  EXPECT_TRUE(book.empty());
}

TEST(DeliveryBook, AnOutcomeIsLostWithTheLastConnectionThatItWasOnItsWayTo) {
  DeliveryBook book;
  book.give(1, 10);
  book.give(1, 10);
  book.give(2, 10);
  EXPECT_TRUE(book.lose(1).empty());
  EXPECT_EQ(book.lose(2), std::vector<std::uint64_t>{10});
  book.give(3, 10);
  EXPECT_EQ(book.lose(3), std::vector<std::uint64_t>{10}) << "asked for again, and lost again";
  EXPECT_TRUE(book.empty());
}

TEST(DeliveryBook, IsBoundedWhereAClientAlwaysLeavesSomethingUnread) {
  DeliveryBook book;
  for (std::uint64_t job = 0; job < 3 * DeliveryBook::kMostOfOne; ++job) book.give(1, job);
  const auto read = book.read(1);
  EXPECT_LE(read.size(), DeliveryBook::kMostOfOne);
  EXPECT_EQ(read.back(), 3 * DeliveryBook::kMostOfOne - 1);
  EXPECT_TRUE(book.empty());
}

}  // namespace
}  // namespace ringmaster::core
