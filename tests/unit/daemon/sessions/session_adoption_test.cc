#include "daemon/sessions/session_adoption.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/sessions/session_fixture.h"

namespace ringmaster::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::SessionHouse;

/// What a predecessor has left: its ledger, and one session whose descriptors the keeper holds.
class SessionAdoptionTest : public ::testing::Test {
 protected:
  SessionAdoptionTest() { house.ledger.publish(left->session); }

  void adopt(bool cold = false) {
    adoption.adopt([this](keeper::DepositKind kind, std::uint32_t serial) { return held(kind, serial); }, cold,
                   [this](Session& session) { predecessors.push_back(session.serial); });
  }
  UniqueFd held(keeper::DepositKind kind, std::uint32_t serial) const {
    if (serial != left->session.serial || kind == missing) return UniqueFd();
    const auto copy = [](const UniqueFd& fd) { return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); };
    switch (kind) {
      case keeper::DepositKind::Request:
        return copy(left->session.request_fd);
      case keeper::DepositKind::Reply:
        return copy(left->session.reply_fd);
      case keeper::DepositKind::SessionBell:
        return copy(left->session.bell);
      case keeper::DepositKind::Lifeline:
        return copy(left->session.lifeline);
      default:
        return UniqueFd();
    }
  }

  SessionHouse house;
  std::unique_ptr<SessionEntry> left = testing::open_session(3, 7, house.pool);
  SessionAdoption adoption{{house.table, house.ledger, house.quota, house.daemon, house.ending}};
  std::optional<keeper::DepositKind> missing;
  std::vector<std::uint32_t> predecessors;
};

TEST_F(SessionAdoptionTest, TakesUpAnOpenSession) {
  adopt();
  const SessionEntry* entry = house.table.find(3, 7);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->session.state, SessionState::Open);
  EXPECT_EQ(entry->session.pool_name, "images");
  EXPECT_EQ(entry->session.cookie, left->session.cookie);
  EXPECT_THAT(house.pool.attached, ElementsAre(7));
  EXPECT_EQ(house.sessions_charged(), 1U);
  EXPECT_EQ(house.lifelines.size(), 1U) << "its client's death is seen";
  EXPECT_THAT(predecessors, IsEmpty());
}

// What its uid had before the limits were reached is not lost because more was taken up first.
TEST_F(SessionAdoptionTest, TakesUpOneOfAUserWhoIsAboveItsLimitsByNow) {
  house.quota.charge_accepted(1000, house.quota.limits().bytes_per_uid);
  for (std::uint64_t i = 0; i < house.quota.limits().sessions_per_uid; ++i) {
    house.quota.charge_session(1000, house.quota.limits().slots_per_uid, {});
  }
  const auto before = house.sessions_charged();
  adopt();
  EXPECT_NE(house.table.find(3, 7), nullptr);
  EXPECT_EQ(house.sessions_charged(), before + 1);
}

TEST_F(SessionAdoptionTest, GoesOnWithAnEndThatHadBegun) {
  house.ledger.note_ending(3, 7);
  adopt();
  EXPECT_EQ(house.table.find(3, 7)->session.state, SessionState::Closing);
  house.workers_let_go();
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Empty);
}

TEST_F(SessionAdoptionTest, JobsOfAPoolThatWasBeingRemovedEndWithIt) {
  house.daemon.ledger().pools[0].state = static_cast<std::uint32_t>(shm::LedgerPoolState::Draining);
  left->session.reply.word(1).store(shm::SlotWord::ready(5, 0).bits());
  house.ledger.note_ending(3, 7);
  adopt();
  EXPECT_EQ(shm::SlotWord(left->session.reply.word(1).load()).cause(), Cause::PoolRemoved);
}

TEST_F(SessionAdoptionTest, AfterAColdStartAllEndAsLost) {
  left->session.reply.word(1).store(shm::SlotWord::ready(5, 0).bits());
  adopt(true);
  EXPECT_EQ(shm::SlotWord(left->session.reply.word(1).load()).cause(), Cause::Lost);
}

TEST_F(SessionAdoptionTest, OneOfAnEarlierSupervisorGoesToWhoDrainsIt) {
  left->session.supervisor = 1;
  missing = keeper::DepositKind::Lifeline;  // such a one has none
  house.ledger.publish(left->session);
  adopt();
  EXPECT_THAT(predecessors, ElementsAre(7));
  EXPECT_EQ(house.sessions_charged(), 0U);
}

TEST_F(SessionAdoptionTest, OneThatIsNotWholeIsLostAndItsPlaceRestsUntilNoWorkerHasIt) {
  missing = keeper::DepositKind::SessionBell;
  adopt();
  EXPECT_EQ(house.table.find(3, 7), nullptr);
  EXPECT_EQ(house.table.taken(), 1U);
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Ending);
  EXPECT_EQ(house.sessions_charged(), 1U) << "its uid pays until then";
  EXPECT_THAT(house.daemon.released, ElementsAre(7));
  EXPECT_THAT(house.pool.detached, ElementsAre(7));
  house.workers_let_go();
  EXPECT_EQ(house.table.taken(), 0U);
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Empty);
  EXPECT_EQ(house.quota.use(1000), core::QuotaUse{});
}

TEST_F(SessionAdoptionTest, OneWhoseClientsDeathNobodyWouldSeeIsLost) {
  missing = keeper::DepositKind::Lifeline;
  adopt();
  EXPECT_EQ(house.table.find(3, 7), nullptr);
}

TEST_F(SessionAdoptionTest, OneWhosePoolIsGoneIsLostAtOnce) {
  left->session.pool = 5;
  house.ledger.publish(left->session);
  adopt();
  EXPECT_EQ(house.table.taken(), 0U);
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Empty);
}

TEST_F(SessionAdoptionTest, SegmentsThatAreNotWhatTheLedgerSaysAreNotMapped) {
  left->session.geometry.slots = 128;
  house.ledger.publish(left->session);
  adopt();
  EXPECT_EQ(house.table.find(3, 7), nullptr);
}

}  // namespace
}  // namespace ringmaster::daemon
