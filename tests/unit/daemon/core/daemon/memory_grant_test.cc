#include "daemon/core/daemon/memory_grant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace ringmaster::core {
namespace {

using testing::HasSubstr;
using Why = GrantRefusal::Why;

GrantQuestion question(Bytes asked) {
  GrantQuestion question;
  question.uid = 1000;
  question.asked = asked;
  question.available = gib(16);
  return question;
}

TEST(MemoryGrant, WhatIsGrantedAndUntouchedIsNoLongerThere) {
  GrantQuestion asks = question(gib(2));
  EXPECT_FALSE(judge_grant(asks));
  asks.untouched = gib(11);
  EXPECT_FALSE(judge_grant(asks)) << "3 GiB are left";
  asks.untouched = gib(13);
  const auto refused = judge_grant(asks);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->why, Why::Full);
  EXPECT_EQ(refused->limit, gib(1));
}

TEST(MemoryGrant, AnAdministratorIsLetInWhereOthersAreNotButNotToTheLastPage) {
  GrantQuestion asks = question(mib(512));
  asks.untouched = gib(14);
  EXPECT_TRUE(judge_grant(asks));
  asks.from_kept = true;
  EXPECT_FALSE(judge_grant(asks));
  asks.asked = gib(1) + mib(1);
  EXPECT_TRUE(judge_grant(asks));
}

TEST(MemoryGrant, OneUserLeavesAFifthToOthers) {
  GrantQuestion asks = question(gib(12));
  const auto refused = judge_grant(asks);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->why, Why::Share);
  asks.asked = refused->limit;
  EXPECT_FALSE(judge_grant(asks)) << "what it says can be had can be had";
}

// However they ask, what is promised never exceeds what there is, and who comes late still gets something.
TEST(MemoryGrant, TogetherTheyAreNeverGrantedMoreThanThereIs) {
  for (const Bytes size : {mib(64), mib(500), gib(1), gib(3)}) {
    std::map<Uid, Bytes> granted;
    Bytes all{};
    for (Uid uid = 1; uid <= 12; ++uid) {
      for (bool refused = false; !refused;) {
        GrantQuestion asks = question(size);
        asks.untouched = all;
        asks.untouched_by_uid = granted[uid];
        refused = judge_grant(asks).has_value();
        if (!refused) granted[uid] += size, all += size;
      }
    }
    EXPECT_LE(all, gib(14)) << size.value;
    if (size <= gib(1)) {
      EXPECT_GT(granted[2], Bytes{}) << size.value;
    }
  }
}

TEST(MemoryGrant, ExtremesDoNotWrapRound) {
  GrantQuestion asks = question(Bytes{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_TRUE(judge_grant(asks));
  asks.available = Bytes{std::numeric_limits<std::uint64_t>::max()};  // nothing could be read
  asks.asked = gib(4);
  EXPECT_FALSE(judge_grant(asks));
  asks.untouched = asks.untouched_by_uid = asks.available;
  EXPECT_TRUE(judge_grant(asks));
  asks.available = {};
  asks.asked = {1};
  EXPECT_TRUE(judge_grant(asks));
}

TEST(MemoryGrant, ARefusalSaysTheFiguresAndWhatToDo) {
  GrantQuestion asks = question(gib(2));
  asks.untouched = gib(13) + Bytes{123};
  EXPECT_THAT(to_string(*judge_grant(asks)),
              testing::AllOf(HasSubstr("2GiB of memory were asked for"), HasSubstr("of 16GiB that are available"),
                             HasSubstr("13GiB are granted"), HasSubstr("1023MiB can be had"),
                             HasSubstr("ask for smaller rings")));
  asks = question(gib(12));
  asks.untouched = asks.untouched_by_uid = mib(500);
  EXPECT_THAT(to_string(*judge_grant(asks)), HasSubstr("500MiB of them to uid 1000"));
}

}  // namespace
}  // namespace ringmaster::core
