#include "daemon/sessions/session_ending.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shm/mapping.h"
#include "tests/unit/daemon/sessions/session_fixture.h"

namespace ringmaster::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::SessionClient;
using testing::SessionHouse;

class SessionEndingTest : public ::testing::Test {
 protected:
  shm::SlotWord word(std::uint32_t slot) const { return shm::SlotWord(entry.session.reply.word(slot).load()); }
  void put(std::uint32_t slot, shm::SlotWord word) { entry.session.reply.word(slot).store(word.bits()); }

  SessionHouse house;
  SessionEntry& entry = house.add(3, 7);
};

TEST_F(SessionEndingTest, EndsWhatIsQueuedAndAsksWhatRunsToStop) {
  put(1, shm::SlotWord::ready(5, 0));
  put(2, shm::SlotWord::owned(6, shm::SlotState::Running, 0, {1, 1}));
  house.ending.begin(entry, Cause::Cancelled);
  EXPECT_EQ(entry.session.state, SessionState::Closing);
  EXPECT_EQ(word(1).state(), shm::SlotState::Cancelled);
  EXPECT_TRUE(word(2).is_owned());
  EXPECT_THAT(house.pool.cancelled, ElementsAre(2));
  EXPECT_THAT(house.pool.detached, ElementsAre(7));
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Ending);
}

TEST_F(SessionEndingTest, IsChargedAndHeldUntilNoWorkerHasIt) {
  put(2, shm::SlotWord::owned(6, shm::SlotState::Running, 0, {1, 1}));
  house.ending.begin(entry, Cause::Cancelled);
  EXPECT_EQ(house.sessions_charged(), 1U);
  EXPECT_THAT(house.daemon.released, IsEmpty());
  house.workers_let_go();
  EXPECT_EQ(house.sessions_charged(), 0U);
  EXPECT_EQ(house.quota.use(1000), core::QuotaUse{});
  EXPECT_EQ(house.ledger.state(3), shm::LedgerState::Empty);
  EXPECT_EQ(house.table.with_serial(7), nullptr);
  EXPECT_THAT(house.daemon.released, ElementsAre(7));
}

TEST_F(SessionEndingTest, TheFirstCauseStays) {
  const UniqueFd segment(::fcntl(entry.session.reply_fd.get(), F_DUPFD_CLOEXEC, 0));
  const shm::Mapping mapping = *shm::Mapping::map(segment.get(), shm::Access::ReadWrite);
  const shm::ReplyView reply = *shm::ReplyView::open(mapping.bytes());
  put(2, shm::SlotWord::owned(6, shm::SlotState::Running, 0, {1, 1}));
  house.ending.begin(entry, Cause::Lost);
  house.ending.begin(entry, Cause::Cancelled);
  EXPECT_THAT(house.pool.detached, ElementsAre(7)) << "once";
  house.workers_let_go();
  EXPECT_EQ(shm::SlotWord(reply.word(2).load()).cause(), Cause::Lost) << "of what ran until the end";
}

TEST_F(SessionEndingTest, OneThatNoWorkerWasGivenGoesInAMoment) {
  entry.session.state = SessionState::Opening;
  house.ending.begin(entry, Cause::Cancelled);
  EXPECT_NE(house.table.with_serial(7), nullptr) << "never within the call";
  house.timers.run_posted();
  EXPECT_EQ(house.table.with_serial(7), nullptr);
  EXPECT_THAT(house.pool.detached, IsEmpty());
  EXPECT_THAT(house.daemon.released, ElementsAre(7));
}

TEST_F(SessionEndingTest, TheSupervisorsOwnIsNobodysChargeAndItsOwnerIsTold) {
  entry.session.supervisor = 2;
  house.ending.begin(entry, Cause::Lost);
  EXPECT_THAT(house.internal_gone, IsEmpty());
  house.workers_let_go();
  EXPECT_THAT(house.internal_gone, ElementsAre(7));
  EXPECT_EQ(house.sessions_charged(), 1U);
}

TEST_F(SessionEndingTest, AClosedConnectionTakesWhatItHadNotFinishedOpening) {
  entry.connection = 9;
  SessionEntry& other = house.add(4, 8);
  other.connection = 9;
  other.session.state = SessionState::Opening;
  house.ending.connection_closed(8);
  EXPECT_EQ(other.session.state, SessionState::Opening);
  house.ending.connection_closed(9);
  EXPECT_EQ(other.session.state, SessionState::Closing);
  EXPECT_EQ(entry.session.state, SessionState::Open) << "an open one does not need its connection";
}

TEST_F(SessionEndingTest, ALifelineThatSpeaksEndsItsSession) {
  house.ending.watch_lifeline(entry);
  ASSERT_EQ(house.lifelines.size(), 1U);
  house.lifelines[0]();
  EXPECT_EQ(entry.session.state, SessionState::Closing);
  house.workers_let_go();
  house.lifelines[0]();  // of one that is gone
}

TEST_F(SessionEndingTest, ABrokenOneEndsAsAProtocolViolation) {
  put(1, shm::SlotWord::ready(5, 0));
  house.ending.broken(3, 6, "of an earlier session");
  EXPECT_EQ(entry.session.state, SessionState::Open);
  house.ending.broken(3, 7, "a bad word");
  EXPECT_EQ(word(1).cause(), Cause::ProtocolViolation);
}

TEST_F(SessionEndingTest, EndsTheQueueOfOnePoolAndLeavesTheSessions) {
  put(1, shm::SlotWord::ready(5, 0));
  put(2, shm::SlotWord::owned(6, shm::SlotState::Running, 0, {1, 1}));
  EXPECT_EQ(house.ending.end_queued(1, Cause::Lost), 0U) << "of another pool";
  EXPECT_EQ(house.ending.end_queued(0, Cause::Refused), 1U);
  EXPECT_EQ(word(1).cause(), Cause::Refused);
  put(1, shm::SlotWord::ready(7, 0));
  EXPECT_EQ(house.ending.end_queued(std::nullopt, Cause::Lost), 1U);
  EXPECT_EQ(entry.session.state, SessionState::Open);
}

TEST_F(SessionEndingTest, OnlyWhoKnowsTheCookieClosesIt) {
  for (const auto& [uid, key] : {std::pair<std::uint32_t, SessionKey>{1000, {7, {11, 13}}}, {1001, {7, {11, 12}}}}) {
    SessionClient client;
    house.ending.close({.uid = uid}, key, client.asker());
    EXPECT_EQ(client.refused(), RefusalCode::UnknownSession);
  }
  EXPECT_EQ(entry.session.state, SessionState::Open);
  SessionClient client;
  house.ending.close({.uid = 1000}, {7, {11, 12}}, client.asker());
  EXPECT_NE(client.got<SessionClosed>(), nullptr);
  EXPECT_EQ(entry.session.state, SessionState::Closing);
}

TEST_F(SessionEndingTest, APunchedHoleIsSeenTenTimesASecondAtMost) {
  constexpr off_t kBytes = off_t{8} << 20;
  SessionEntry& large = house.add(4, 8, {64, 4096, std::uint64_t{kBytes}});
  const int fd = large.session.reply_fd.get();
  const auto ring = static_cast<off_t>(large.session.geometry.reply_control_bytes());
  ASSERT_EQ(::fallocate(fd, 0, ring, kBytes), 0);
  house.ending.end_those_with_holes();
  ASSERT_EQ(::fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, ring, kBytes), 0);
  house.timers.pass(std::chrono::milliseconds{99});
  house.ending.end_those_with_holes();
  EXPECT_EQ(large.session.state, SessionState::Open);
  house.timers.pass(std::chrono::milliseconds{1});
  house.ending.end_those_with_holes();
  EXPECT_EQ(large.session.state, SessionState::Closing);
  EXPECT_EQ(entry.session.state, SessionState::Open);
}

}  // namespace
}  // namespace ringmaster::daemon
