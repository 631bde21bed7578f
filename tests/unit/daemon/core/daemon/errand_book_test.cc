#include "daemon/core/daemon/errand_book.h"

#include <gtest/gtest.h>

#include <set>

namespace ringmaster::core {
namespace {

constexpr ErrandAccount kAlice = ErrandAccount::of_uid(1000);
constexpr ErrandAccount kBob = ErrandAccount::of_uid(1001);

TEST(ErrandBook, OneAccountsStuckErrandsLeaveTheOthersGoing) {
  ErrandBook book({.at_once = 4, .at_once_per_account = 2, .held_per_account = 10, .held = 100});
  for (int i = 0; i < 5; ++i) (void)book.add(kAlice, 1);
  const auto bobs = book.add(kBob, 1);
  std::set<ErrandBook::Id> begun;
  while (const auto id = book.begin()) begun.insert(*id);
  EXPECT_EQ(begun.size(), 3U) << "two of the one, and the other's";
  EXPECT_TRUE(begun.contains(bobs));
  EXPECT_FALSE(book.may_begin());
  book.end(bobs);
  EXPECT_FALSE(book.begin()) << "what is left is of the account that is stuck";
  book.end(*begun.begin());
  EXPECT_TRUE(book.may_begin());
  EXPECT_TRUE(book.begin());
}

TEST(ErrandBook, TakesAccountsInTurnsAndEachInItsOrder) {
  ErrandBook book({.at_once = 1, .at_once_per_account = 1, .held_per_account = 10, .held = 100});
  const auto a1 = book.add(kAlice, 0);
  const auto a2 = book.add(kAlice, 0);
  const auto b1 = book.add(kBob, 0);
  const auto b2 = book.add(kBob, 0);
  for (const auto wanted : {a1, b1, a2, b2}) {
    ASSERT_EQ(book.begin(), wanted);
    EXPECT_FALSE(book.begin()) << "one at once";
    book.end(wanted);
  }
  EXPECT_FALSE(book.may_begin());
}

TEST(ErrandBook, CountsWhatEachAccountHoldsUntilItIsDone) {
  ErrandBook book({.at_once = 4, .at_once_per_account = 2, .held_per_account = 3, .held = 5});
  const auto first = book.add(kAlice, 3);
  EXPECT_FALSE(book.has_room(kAlice));
  EXPECT_TRUE(book.has_room(kBob));
  EXPECT_TRUE(book.has_room(ErrandAccount::of_workers(1000))) << "a pool is no uid";
  (void)book.add(kBob, 2);
  EXPECT_TRUE(book.full());
  EXPECT_FALSE(book.has_room(ErrandAccount::of_uid(3))) << "all together";
  EXPECT_EQ(book.begin(), first);
  EXPECT_FALSE(book.has_room(kAlice)) << "begun is not done";
  book.end(first);
  EXPECT_TRUE(book.has_room(kAlice));
  EXPECT_FALSE(book.full());
  EXPECT_EQ(book.held(), 2U);
}

}  // namespace
}  // namespace ringmaster::core
