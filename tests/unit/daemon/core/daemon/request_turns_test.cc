#include "daemon/core/daemon/request_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr TimePoint kNow{1000s};

std::vector<std::uint64_t> all(RequestTurns& turns) {
  std::vector<std::uint64_t> order;
  while (const auto turn = turns.next()) order.push_back(turn->connection);
  return order;
}

TEST(RequestTurns, AUidWithManyConnectionsHasTheTurnOfOneUid) {
  RequestTurns turns;
  for (const std::uint64_t connection : {11, 12, 13, 14}) turns.want(1, connection);
  turns.want(2, 21);
  turns.want(3, 31);
  EXPECT_THAT(all(turns), ElementsAre(11, 21, 31, 12, 13, 14));
}

TEST(RequestTurns, WhoComesInBetweenWaitsForOneTurnOfEachOtherUid) {
  RequestTurns turns;
  for (const std::uint64_t connection : {11, 12, 13}) turns.want(1, connection);
  EXPECT_EQ(turns.next(), (RequestTurns::Turn{1, 11}));
  turns.want(2, 21);
  turns.want(1, 11);  // it has more to do
  EXPECT_THAT(all(turns), ElementsAre(12, 21, 13, 11));
}

TEST(RequestTurns, AConnectionStandsInLineOnce) {
  RequestTurns turns;
  turns.want(1, 11);
  turns.want(1, 11);
  EXPECT_THAT(all(turns), ElementsAre(11));
  turns.want(1, 11);
  EXPECT_FALSE(turns.empty());
  EXPECT_THAT(all(turns), ElementsAre(11));
}

TEST(RequestTurns, WhoHasGoneIsLeftOut) {
  RequestTurns turns;
  turns.want(1, 11);
  turns.want(1, 12);
  turns.want(2, 21);
  turns.forget(1, 11);
  turns.forget(2, 21);
  turns.forget(3, 31);
  EXPECT_THAT(all(turns), ElementsAre(12));
  EXPECT_TRUE(turns.empty());
}

TEST(TurnBudget, IsAFewRequestsOrAMillisecondButAlwaysOneStep) {
  TurnBudget late(kNow);
  EXPECT_TRUE(late.step(kNow + 1s));
  EXPECT_FALSE(late.step(kNow + 1s));
  TurnBudget busy(kNow);
  for (unsigned i = 0; i < TurnBudget::kRequests; ++i) {
    EXPECT_TRUE(busy.step(kNow)) << i;
    busy.request_taken();
  }
  EXPECT_FALSE(busy.step(kNow));
  TurnBudget reading(kNow);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(reading.step(kNow + TurnBudget::kTime - 1ns));
  EXPECT_FALSE(reading.step(kNow + TurnBudget::kTime));
}

}  // namespace
}  // namespace ringmaster::core
