#include "daemon/sessions/session_ledger.h"

#include <gtest/gtest.h>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::daemon {
namespace {

class SessionLedgerTest : public ::testing::Test {
 protected:
  SessionLedgerTest() {
    session.index = 3;
    session.serial = 7;
    session.uid = 1000;
    session.pid = 77;
    session.pool = 2;
    session.cookie = {11, 12};
    session.geometry = {64, 4096, 8192};
    session.shortest_run_ms = 50;
    session.supervisor = 4;
    session.opened_ns = 99;
    session.client = "app";
  }

 private:
  testing::Memory memory_{sizeof(shm::LedgerRecord)};

 protected:
  shm::LedgerRecord& record = *shm::format_ledger(memory_.span());
  SessionLedger ledger{record};
  Session session;
};

TEST_F(SessionLedgerTest, ASuccessorRecallsWhatWasPublished) {
  EXPECT_EQ(ledger.state(3), shm::LedgerState::Empty);
  ledger.publish(session);
  SessionLedger successor{record};
  EXPECT_EQ(successor.state(3), shm::LedgerState::Live);
  const Session recalled = successor.recall(3);
  EXPECT_EQ(recalled.index, 3U);
  EXPECT_EQ(recalled.serial, 7U);
  EXPECT_EQ(recalled.uid, 1000U);
  EXPECT_EQ(recalled.pid, 77U);
  EXPECT_EQ(recalled.pool, 2U);
  EXPECT_EQ(recalled.cookie, session.cookie);
  EXPECT_EQ(recalled.geometry.slots, 64U);
  EXPECT_EQ(recalled.geometry.request_ring_bytes, 4096U);
  EXPECT_EQ(recalled.geometry.result_ring_bytes, 8192U);
  EXPECT_EQ(recalled.shortest_run_ms, 50U);
  EXPECT_EQ(recalled.supervisor, 4U);
  EXPECT_EQ(recalled.opened_ns, 99U);
  EXPECT_EQ(recalled.client, "app");
}

TEST_F(SessionLedgerTest, ALongNameIsCutAndAShorterOneLeavesNothingOfIt) {
  session.client = std::string(500, 'x');
  ledger.publish(session);
  EXPECT_EQ(ledger.recall(3).client, std::string(sizeof record.sessions[3].client - 1, 'x'));
  session.client = "y";
  ledger.publish(session);
  EXPECT_EQ(ledger.recall(3).client, "y");
}

TEST_F(SessionLedgerTest, AnotherSessionInThePlaceIsLeftAlone) {
  ledger.publish(session);
  ledger.note_ending(3, 6);
  ledger.clear(3, 6);
  EXPECT_EQ(ledger.state(3), shm::LedgerState::Live);
  ledger.note_ending(3, 7);
  EXPECT_EQ(ledger.state(3), shm::LedgerState::Ending);
  ledger.clear(3, 7);
  EXPECT_EQ(ledger.state(3), shm::LedgerState::Empty);
}

TEST_F(SessionLedgerTest, NoSerialComesTwiceNorIsOneNull) {
  EXPECT_EQ(ledger.next_serial(), 1U);
  EXPECT_EQ(SessionLedger{record}.next_serial(), 2U) << "by a successor";
  record.last_serial.store(~std::uint32_t{0});
  EXPECT_EQ(ledger.next_serial(), 1U);
}

}  // namespace
}  // namespace ringmaster::daemon
