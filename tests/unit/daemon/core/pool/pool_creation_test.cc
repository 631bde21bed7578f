#include "daemon/core/pool/pool_creation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using ::testing::HasSubstr;

CreationQuestion question(std::string_view name = "pdf") {
  return {.creator = 1000, .daemon = 1000, .offered = true, .name = name, .taken = false};
}

TEST(PoolCreation, IsForTheDaemonsOwnUserOrByADaemonThatIsRoot) {
  EXPECT_EQ(judge_creation(question()), std::nullopt);
  CreationQuestion other = question();
  other.creator = 1001;
  EXPECT_EQ(judge_creation(other), CreationRefusal::AnotherUser);
  EXPECT_THAT(to_string(CreationRefusal::AnotherUser, other), HasSubstr("must run as root"));
  other.creator = 0;
  EXPECT_EQ(judge_creation(other), CreationRefusal::AnotherUser) << "nor do workers of root's run as the daemon";
  other.daemon = 0;
  EXPECT_EQ(judge_creation(other), std::nullopt);
  other.creator = 1001;
  EXPECT_EQ(judge_creation(other), std::nullopt);
}

TEST(PoolCreation, IsRefusedWhereItIsNotOffered) {
  CreationQuestion closed = question();
  closed.offered = false;
  EXPECT_EQ(judge_creation(closed), CreationRefusal::NotOffered);
  EXPECT_THAT(to_string(CreationRefusal::NotOffered, closed), HasSubstr("pools_per_uid"));
}

TEST(PoolCreation, TakesNoNameThatIsAnotherUsersOrNone) {
  for (const char* name : {"pdf", "Pdf-3_x", "0", "abcdefghijklmnopqrstuvwxyz012345"}) {
    EXPECT_EQ(judge_creation(question(name)), std::nullopt) << name;
  }
  for (const char* name : {"", "u0.pdf", "-a", "_", "a/b", "a\nb", "\xC3\xA4", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    EXPECT_EQ(judge_creation(question(name)), CreationRefusal::BadName) << name;
  }
  EXPECT_EQ(judge_creation(question(std::string_view("a\0b", 3))), CreationRefusal::BadName);
  CreationQuestion again = question();
  again.taken = true;
  EXPECT_EQ(judge_creation(again), CreationRefusal::NameTaken);
  EXPECT_THAT(to_string(CreationRefusal::NameTaken, again), HasSubstr("\"u1000.pdf\""));
  again.leaving = true;
  EXPECT_EQ(judge_creation(again), CreationRefusal::NameLeaving);
  EXPECT_THAT(to_string(CreationRefusal::NameLeaving, again), HasSubstr("wait until it is gone"));
}

TEST(PoolCreation, LeavesAPoolToItsOwnerAndToRoot) {
  EXPECT_TRUE(may_use_pool(std::nullopt, 1001));
  EXPECT_TRUE(may_use_pool(1000, 1000));
  EXPECT_TRUE(may_use_pool(1000, 0));
  EXPECT_FALSE(may_use_pool(1000, 1001));
  EXPECT_FALSE(may_use_pool(0, 1001));
}

TEST(PoolCreation, ResizesWithinItsSeats) {
  EXPECT_EQ(judge_resize({0, 0}, 4), ResizeRefusal::NoWorkers);
  EXPECT_EQ(judge_resize({0, 2}, 4), ResizeRefusal::NoWorkers);
  EXPECT_EQ(judge_resize({1, 1}, 4), ResizeRefusal::None);
  EXPECT_EQ(judge_resize({1, 4}, 4), ResizeRefusal::None);
  EXPECT_EQ(judge_resize({4, 4}, 4), ResizeRefusal::None);
  EXPECT_EQ(judge_resize({3, 2}, 4), ResizeRefusal::Crossed);
  EXPECT_EQ(judge_resize({1, 5}, 4), ResizeRefusal::TooMany);
  EXPECT_EQ(judge_resize({0xFFFFFFFF, 0xFFFFFFFF}, 4), ResizeRefusal::TooMany);
}

TEST(PoolCreation, GivesNoLimitBeyondTheCreatorsNorTheDaemons) {
  const ProcessLimit creator{100, 200};
  EXPECT_EQ(limit_for_created(creator, std::nullopt, std::nullopt), creator);
  EXPECT_EQ(limit_for_created(creator, std::nullopt, 150), (ProcessLimit{150, 150}));
  EXPECT_EQ(limit_for_created(creator, std::nullopt, 300), (ProcessLimit{200, 200}));
  EXPECT_EQ(limit_for_created(creator, 120, std::nullopt), (ProcessLimit{100, 120}));
  EXPECT_EQ(limit_for_created(creator, 50, std::nullopt), (ProcessLimit{50, 50}));
  EXPECT_EQ(limit_for_created(creator, 50, 150), (ProcessLimit{50, 50}));
}

}  // namespace
}  // namespace ringmaster::core
