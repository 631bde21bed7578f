#include "daemon/sessions/session_table.h"

#include <gtest/gtest.h>

#include "shm/layout.h"

namespace ringmaster::daemon {
namespace {

std::unique_ptr<SessionEntry> entry(std::uint16_t index, std::uint32_t serial) {
  auto made = std::make_unique<SessionEntry>();
  made->session.index = index;
  made->session.serial = serial;
  made->session.uid = 1000;
  return made;
}

TEST(SessionTable, APlaceThatWasGivenBackRests) {
  SessionTable table;
  EXPECT_EQ(table.next_place(), 0U);
  table.add(entry(0, 1));
  table.remove(0);
  EXPECT_EQ(table.next_place(), 1U);
}

TEST(SessionTable, GivesEveryFreePlaceOnceItHasGoneRound) {
  SessionTable table;
  for (unsigned i = 0; i + 1 < shm::kMaxSessions; ++i) table.add(entry(table.next_place(), i + 1));
  table.block(table.next_place());
  EXPECT_EQ(table.taken(), shm::kMaxSessions);
  table.remove(5);
  EXPECT_EQ(table.next_place(), 5U);
  table.unblock(shm::kMaxSessions - 1);
  EXPECT_EQ(table.next_place(), shm::kMaxSessions - 1);
}

TEST(SessionTable, FindsASessionAndNotItsSuccessorInTheSamePlace) {
  SessionTable table;
  SessionEntry& added = table.add(entry(3, 7));
  EXPECT_EQ(table.find(3, 7), &added);
  EXPECT_EQ(table.find(3, 8), nullptr);
  EXPECT_EQ(table.find(4, 7), nullptr);
  EXPECT_EQ(table.with_serial(7), &added);
  table.remove(3);
  table.add(entry(3, 8));
  EXPECT_EQ(table.find(3, 7), nullptr);
  EXPECT_EQ(table.with_serial(7), nullptr);
}

TEST(SessionTable, AClientFindsItsOwnSessionsOnly) {
  SessionTable table;
  SessionEntry& added = table.add(entry(3, 7));
  EXPECT_EQ(table.of_client(1000, 7), &added);
  EXPECT_EQ(table.of_client(1001, 7), nullptr);
  added.session.supervisor = 1;
  EXPECT_EQ(table.of_client(1000, 7), nullptr) << "the daemon's own is nobody's";
}

}  // namespace
}  // namespace ringmaster::daemon
