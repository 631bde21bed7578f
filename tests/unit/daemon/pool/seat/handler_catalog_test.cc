#include "daemon/pool/seat/handler_catalog.h"

#include <gtest/gtest.h>

#include "proto/handler_id.h"
#include "tests/testing/fake_keeper.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

HandlerDescription handler(const std::string& name, bool listens = false) {
  HandlerDescription one;
  one.name = name;
  one.listens_to_cancel = listens;
  return one;
}

struct Catalog {
  void set(const std::vector<HandlerDescription>& handlers) {
    catalog.set(handlers, encode_handlers(handlers).value());
  }

  testing::FakeKeeper keeper;
  testing::Posted posted;
  HandlerCatalog catalog{4, keeper, posted.later()};
};

TEST(HandlerCatalog, HandlersAreKnownWhenAWorkerIsReady) {
  Catalog room;
  EXPECT_FALSE(room.catalog.known());
  room.set({handler("echo"), handler("spin", true)});
  EXPECT_FALSE(room.catalog.known()) << "it may still fail";
  room.catalog.confirm();
  EXPECT_TRUE(room.catalog.known());
  EXPECT_EQ(room.catalog.name_of(wire::handler_id("spin")), "spin");
  EXPECT_EQ(room.catalog.name_of(1), "");
  EXPECT_TRUE(room.catalog.listens(wire::handler_id("spin")));
  EXPECT_FALSE(room.catalog.listens(wire::handler_id("echo")));
  EXPECT_FALSE(room.catalog.listens(1));
}

TEST(HandlerCatalog, WhoWaitsForWordsWaitsForNoReadiness) {
  Catalog room;
  int told = 0;
  int known = 0;
  room.catalog.wait_until_told([&] { ++told; });
  room.catalog.wait([&] { ++known; });
  room.set({handler("echo")});
  EXPECT_TRUE(room.catalog.told());
  room.posted.run();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(known, 0);
  room.catalog.confirm();
  room.catalog.tell_waiting();
  room.posted.run();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(known, 1);
}

TEST(HandlerCatalog, WhoWaitsForWordsIsToldOfAStartThatFails) {
  Catalog room;
  int told = 0;
  room.catalog.wait_until_told([&] { ++told; });
  room.catalog.tell_waiting();
  room.posted.run();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(room.catalog.told());
}

TEST(HandlerCatalog, ATableIsDepositedOnceAndReplacedWhenItChanges) {
  Catalog room;
  room.set({handler("echo")});
  ASSERT_EQ(room.keeper.deposited.size(), 1U);
  EXPECT_EQ(room.keeper.deposited[0].a, 4U);
  room.set({handler("echo")});
  EXPECT_EQ(room.keeper.deposited.size(), 1U) << "the second worker of many";
  room.set({handler("echo"), handler("spin")});
  EXPECT_EQ(room.keeper.deposited.size(), 2U);
  EXPECT_EQ(room.keeper.released.size(), 1U) << "or a successor might go by the old one";
  room.set({handler("echo")});
  EXPECT_EQ(room.keeper.deposited.size(), 3U) << "a table that begins like the old one is another one";
}

TEST(HandlerCatalog, ASuccessorKnowsAtOnceWhatWasDeposited) {
  const std::vector<HandlerDescription> handlers{handler("echo")};
  Catalog successor;
  ASSERT_TRUE(successor.catalog.inherit(testing::handler_segment(handlers)));
  EXPECT_TRUE(successor.catalog.known());
  ASSERT_EQ(successor.catalog.all().size(), 1U);
  EXPECT_EQ(successor.catalog.all()[0].name, "echo");
  successor.set(handlers);
  EXPECT_TRUE(successor.keeper.deposited.empty()) << "the keeper holds it already";
}

TEST(HandlerCatalog, NothingInheritedIsNothingKnown) {
  Catalog room;
  ASSERT_TRUE(room.catalog.inherit(UniqueFd()));
  EXPECT_FALSE(room.catalog.known());
}

TEST(HandlerCatalog, WhoWaitsIsToldOnceAndNeverWithinTheCall) {
  Catalog room;
  int told = 0;
  room.catalog.wait([&told] { ++told; });
  room.catalog.tell_waiting();
  room.catalog.tell_waiting();
  EXPECT_EQ(told, 0);
  room.posted.run();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace ringmaster::daemon
