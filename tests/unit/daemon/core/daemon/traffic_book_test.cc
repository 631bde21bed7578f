#include "daemon/core/daemon/traffic_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using testing::HasSubstr;
using testing::Optional;

TrafficLimits small() {
  return {.unanswered_per_connection = 2,
          .unanswered_per_uid = 3,
          .unread_per_connection = Bytes{100},
          .unread_per_uid = Bytes{150}};
}

TEST(TrafficBook, CountsUnansweredRequestsOfAConnectionAndOfAUid) {
  TrafficBook book(small());
  EXPECT_FALSE(book.take_request(1, 0));
  EXPECT_FALSE(book.take_request(1, 1));
  EXPECT_THAT(book.take_request(1, 2), Optional(HasSubstr("2 requests of this connection are unanswered; wait")));
  EXPECT_FALSE(book.take_request(1, 0)) << "another connection of the uid";
  EXPECT_THAT(book.take_request(1, 1), Optional(HasSubstr("3 requests of uid 1 are unanswered; wait")));
  EXPECT_FALSE(book.take_request(2, 0)) << "another uid";
  book.end_request(1);
  EXPECT_FALSE(book.take_request(1, 1));
  EXPECT_EQ(book.unanswered(1), 3U);
}

TEST(TrafficBook, AConnectionThatDoesNotReadIsAskedNothingMore) {
  TrafficBook book(small());
  EXPECT_TRUE(book.has_room(1, Bytes{0}));
  book.add_unread(1, Bytes{99});
  EXPECT_TRUE(book.has_room(1, Bytes{99}));
  book.add_unread(1, Bytes{1});
  EXPECT_FALSE(book.has_room(1, Bytes{100}));
  book.remove_unread(1, Bytes{1});
  EXPECT_TRUE(book.has_room(1, Bytes{99}));
}

TEST(TrafficBook, WhereAUidLeavesTooMuchOnlyItsConnectionsThatHaveReadAllAreServed) {
  TrafficBook book(small());
  book.add_unread(1, Bytes{90});
  book.add_unread(1, Bytes{60});
  EXPECT_FALSE(book.has_room(1, Bytes{60}));
  EXPECT_TRUE(book.has_room(1, Bytes{0}));
  EXPECT_TRUE(book.has_room(2, Bytes{60})) << "another uid";
  EXPECT_EQ(book.held(), Bytes{150});
  book.remove_unread(1, Bytes{90});
  EXPECT_TRUE(book.has_room(1, Bytes{60}));
}

TEST(TrafficBook, ForgetsUidsThatHaveNothingOutstanding) {
  TrafficBook book(small());
  EXPECT_FALSE(book.take_request(1, 0));
  book.add_unread(1, Bytes{5});
  book.end_request(1);
  book.remove_unread(1, Bytes{5});
  EXPECT_EQ(book.unanswered(1), 0U);
  EXPECT_EQ(book.unread(1), Bytes{0});
  EXPECT_EQ(book.held(), Bytes{0});
}

TEST(TrafficBook, LargeRequestsOfAUidWaitForEachOther) {
  TrafficLimits limits;
  limits.large_requests_per_uid = Bytes{100};
  TrafficBook book(limits);
  EXPECT_TRUE(book.begin_large(1, Bytes{200})) << "one alone, in any case";
  EXPECT_FALSE(book.begin_large(1, Bytes{1}));
  EXPECT_TRUE(book.begin_large(2, Bytes{60})) << "another uid";
  EXPECT_TRUE(book.begin_large(2, Bytes{40}));
  EXPECT_FALSE(book.begin_large(2, Bytes{1}));
  EXPECT_EQ(book.held(), Bytes{300});
  book.end_large(1, Bytes{200});
  EXPECT_TRUE(book.begin_large(1, Bytes{50}));
  book.end_large(2, Bytes{60});
  EXPECT_TRUE(book.begin_large(2, Bytes{60}));
}

TEST(TrafficBookDeath, EndsTheProcessWhereMoreIsGivenBackThanWasTaken) {
  TrafficBook book(small());
  EXPECT_DEATH(book.end_request(1), "check failed");
  EXPECT_DEATH(book.remove_unread(1, Bytes{1}), "check failed");
}

}  // namespace
}  // namespace ringmaster::core
