#include "daemon/sessions/session_opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shm/memfd.h"
#include "tests/unit/daemon/sessions/session_fixture.h"

namespace ringmaster::daemon {
namespace {

using ::testing::ElementsAre;
using testing::FakePoolPort;
using ::testing::IsEmpty;
using testing::SessionClient;
using testing::SessionHouse;

class SessionOpeningTest : public ::testing::Test {
 protected:
  SessionOpeningTest() {
    board = *shm::create_segment("board", 4096);
    house.pool.board_descriptor = board.get();
  }

  /// Up to the offer, which the client has then.
  const SessionOffer* offered(SessionClient& client) {
    opening.open(peer, wish, client.asker());
    house.daemon.answer();
    return client.got<SessionOffer>();
  }
  /// The pool's first worker has told its handlers and is still starting; a client has mapped its session.
  void map_while_the_first_worker_starts(SessionClient& mapper) {
    house.pool.known = false;
    house.pool.told = true;
    SessionClient client;
    ASSERT_NE(offered(client), nullptr);
    opening.mapped(peer, 1, mapper.asker());
    sealed({});
  }
  SessionEntry* entry() { return house.table.with_serial(1); }

  SessionHouse house;
  UniqueFd board;
  core::Bytes available = core::gib(8);
  std::function<void(const Result<void>&)> sealed;
  SessionOpening opening{{house.table, house.ledger, house.quota, house.daemon, house.ending},
                         {house.timers, [this](std::uint32_t, int, auto done) { sealed = std::move(done); },
                          [this](std::uint32_t uid, core::Bytes bytes) {
                            core::GrantQuestion question;
                            question.uid = uid;
                            question.asked = bytes;
                            question.available = available;
                            return question;
                          }}};
  Peer peer{.uid = 1000, .pid = 77, .connection = 9};
  SessionWish wish{"images", {4096, 4096, 64}, 0, "app\x1b"};
};

TEST_F(SessionOpeningTest, IsHeldByTheKeeperBeforeItsClientHasAnythingOfIt) {
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(house.daemon.deposited.size(), 4U);
  EXPECT_FALSE(client.answered());
  house.daemon.answer();
  const auto* offer = client.got<SessionOffer>();
  ASSERT_NE(offer, nullptr);
  EXPECT_EQ(offer->key.serial, 1U);
  EXPECT_EQ(offer->geometry.slots, 64U);
  EXPECT_EQ(offer->ends.size(), 5U);
  EXPECT_EQ(entry()->session.client, "app?");
  EXPECT_EQ(house.ledger.state(0), shm::LedgerState::Empty) << "no worker has it, so no successor needs it";
}

TEST_F(SessionOpeningTest, IsOpenWhenItIsSealedAndOnItsWayToTheWorkers) {
  SessionClient client;
  ASSERT_NE(offered(client), nullptr);
  SessionClient mapper;
  opening.mapped(peer, 1, mapper.asker());
  EXPECT_EQ(house.ledger.state(0), shm::LedgerState::Empty);
  sealed({});
  EXPECT_EQ(house.ledger.state(0), shm::LedgerState::Live);
  EXPECT_THAT(house.pool.attached, ElementsAre(1));
  EXPECT_FALSE(mapper.answered());
  FakePoolPort::answer(house.pool.attaching);
  EXPECT_NE(mapper.got<SessionReady>(), nullptr);
  EXPECT_EQ(entry()->session.state, SessionState::Open);
  EXPECT_EQ(house.timers.waiting(), 0U) << "no time limit any more";
}

// Its client has mapped it by then, and waits for nothing else.
TEST_F(SessionOpeningTest, IsMadeWhileTheFirstWorkerStartsAndOpenWhenThatIsReady) {
  house.pool.known = false;
  house.pool.told = true;
  SessionClient client;
  const auto* offer = offered(client);
  ASSERT_NE(offer, nullptr);
  EXPECT_TRUE(offer->pool.known);
  SessionClient mapper;
  opening.mapped(peer, 1, mapper.asker());
  sealed({});
  EXPECT_THAT(house.pool.attached, IsEmpty());
  EXPECT_EQ(house.ledger.state(0), shm::LedgerState::Empty) << "a successor lets go of it, and its client asks again";
  house.timers.pass(std::chrono::minutes{1});
  EXPECT_FALSE(mapper.answered()) << "a worker may take its time";
  house.pool.known = true;
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_THAT(house.pool.attached, ElementsAre(1));
  FakePoolPort::answer(house.pool.attaching);
  EXPECT_NE(mapper.got<SessionReady>(), nullptr);
}

TEST_F(SessionOpeningTest, IsRefusedWhenTheFirstWorkerDoesNotGetReady) {
  SessionClient mapper;
  map_while_the_first_worker_starts(mapper);
  house.pool.why_not = "pool \"images\" takes no jobs: its workers cannot start";
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_EQ(mapper.refused(), RefusalCode::Draining);
  house.timers.run_posted();
  EXPECT_EQ(entry(), nullptr);
  EXPECT_EQ(house.sessions_charged(), 0U);
}

TEST_F(SessionOpeningTest, EndsWithItsConnectionWhileTheFirstWorkerStarts) {
  SessionClient mapper;
  map_while_the_first_worker_starts(mapper);
  house.ending.connection_closed(peer.connection);
  house.timers.run_posted();
  EXPECT_EQ(entry(), nullptr);
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_EQ(mapper.refused(), RefusalCode::SessionBroken);
}

TEST_F(SessionOpeningTest, EndsWhenItsClientDoesNotMapItInTime) {
  SessionClient client;
  ASSERT_NE(offered(client), nullptr);
  house.timers.pass(std::chrono::seconds{29});
  EXPECT_EQ(entry()->session.state, SessionState::Opening);
  house.timers.pass(std::chrono::seconds{1});
  house.timers.run_posted();
  EXPECT_EQ(entry(), nullptr);
  EXPECT_EQ(house.sessions_charged(), 0U);
}

TEST_F(SessionOpeningTest, RefusesAPoolThatIsNotThere) {
  wish.pool = "sound";
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::UnknownPool);
}

TEST_F(SessionOpeningTest, RefusesADeadlineThatCannotBeKept) {
  wish.shortest_run_ms = 9;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::BadRequest);
  wish.shortest_run_ms = std::uint64_t{1} << 40;
  SessionClient other;
  ASSERT_NE(offered(other), nullptr);
  EXPECT_EQ(entry()->session.shortest_run_ms, ~std::uint32_t{0});
}

TEST_F(SessionOpeningTest, WaitsForTheHandlersAndThenAsksAgainWhetherWorkIsTaken) {
  house.pool.known = false;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_FALSE(client.answered());
  EXPECT_EQ(house.table.taken(), 0U);
  house.pool.why_not = "pool \"images\" is draining";
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_EQ(client.refused(), RefusalCode::Draining);
}

TEST_F(SessionOpeningTest, APoolThatIsGoneBeforeItsHandlersAreKnownIsNotTouched) {
  house.pool.known = false;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  house.daemon.pools_gone = true;
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_EQ(client.refused(), RefusalCode::UnknownPool);
}

TEST_F(SessionOpeningTest, AnotherPoolOfThatNameAndNumberIsNotTheOneThatWasWaitedFor) {
  house.pool.known = false;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  ++house.daemon.ledger().pools[house.pool.index()].generation;
  FakePoolPort::answer(house.pool.waiting);
  EXPECT_EQ(client.refused(), RefusalCode::UnknownPool);
}

TEST_F(SessionOpeningTest, RefusesWhoseJobsAreRefused) {
  house.pool.charged = 1000;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::Quota);
}

TEST_F(SessionOpeningTest, RefusesARingThatIsTooLargeWithBothFigures) {
  house.pool.settings.session.result_ring_max = core::kib(64);
  wish.rings.result_ring_bytes = 65537;
  SessionClient client;
  opening.open(peer, wish, client.asker());
  ASSERT_EQ(client.refused(), RefusalCode::TooLarge);
  EXPECT_EQ(client.got<RequestRefusal>()->needed, 65537U);
  EXPECT_EQ(client.got<RequestRefusal>()->limit, 65536U);
}

TEST_F(SessionOpeningTest, RefusesWhatTheMemoryDoesNotAllowAndChargesNothing) {
  available = core::kib(1);
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::NoMemory);
  EXPECT_EQ(house.quota.use(1000), core::QuotaUse{});
}

TEST_F(SessionOpeningTest, RefusesWhoHasAsManyAsItMayHave) {
  for (std::uint64_t i = 0; i < house.quota.limits().sessions_per_uid; ++i) {
    EXPECT_FALSE(house.quota.open_session(house.timers.now(), 1000, 1, {}));
  }
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::Quota);
}

TEST_F(SessionOpeningTest, TheLastPlacesAreForAdministrators) {
  for (std::uint64_t i = 0; i < shm::kMaxSessions - core::kKeptSessions; ++i)
    house.table.block(house.table.next_place());
  SessionClient client;
  opening.open(peer, wish, client.asker());
  EXPECT_EQ(client.refused(), RefusalCode::NoMemory);
  EXPECT_EQ(house.quota.use(1000), core::QuotaUse{}) << "what was charged is given back";
  peer.admin = true;
  SessionClient admin;
  EXPECT_NE(offered(admin), nullptr);
}

TEST_F(SessionOpeningTest, AFullKeeperEndsIt) {
  SessionClient client;
  opening.open(peer, wish, client.asker());
  house.daemon.answer(false);
  EXPECT_EQ(client.refused(), RefusalCode::NoMemory);
  house.timers.run_posted();
  EXPECT_EQ(house.quota.use(1000), core::QuotaUse{});
}

TEST_F(SessionOpeningTest, AnEndBetweenTwoStepsIsTold) {
  SessionClient client;
  opening.open(peer, wish, client.asker());
  house.ending.connection_closed(9);
  house.daemon.answer();
  EXPECT_EQ(client.refused(), RefusalCode::SessionBroken);
}

TEST_F(SessionOpeningTest, ASegmentThatCannotBeSealedEndsIt) {
  SessionClient client;
  ASSERT_NE(offered(client), nullptr);
  SessionClient mapper;
  opening.mapped(peer, 1, mapper.asker());
  sealed(Error{"EPERM"});
  EXPECT_EQ(mapper.refused(), RefusalCode::SessionBroken);
  EXPECT_EQ(entry()->session.state, SessionState::Closing);
  EXPECT_THAT(house.pool.attached, IsEmpty());
}

TEST_F(SessionOpeningTest, IsMappedOnceAndOnItsOwnConnection) {
  SessionClient client;
  ASSERT_NE(offered(client), nullptr);
  SessionClient stranger;
  opening.mapped({.uid = 1000, .connection = 10}, 1, stranger.asker());
  EXPECT_EQ(stranger.refused(), RefusalCode::UnknownSession);
  SessionClient first;
  opening.mapped(peer, 1, first.asker());
  SessionClient second;
  opening.mapped(peer, 1, second.asker());
  EXPECT_FALSE(first.answered());
  EXPECT_EQ(second.refused(), RefusalCode::UnknownSession);
}

TEST_F(SessionOpeningTest, AnOpenSessionIsThereAgainForWhoKnowsItsCookie) {
  const SessionEntry& open = house.add(3, 7);
  SessionClient guess;
  opening.resume({.uid = 1000}, {7, {11, 13}}, guess.asker());
  EXPECT_EQ(guess.refused(), RefusalCode::UnknownSession);
  SessionClient client;
  opening.resume({.uid = 1000}, {7, open.session.cookie}, client.asker());
  ASSERT_NE(client.got<SessionResumed>(), nullptr);
  EXPECT_EQ(client.got<SessionResumed>()->pool.pool, "images");
}

TEST_F(SessionOpeningTest, TheSupervisorsOwnIsUsedBeforeItsWorkersHaveIt) {
  std::string why;
  Session* own = opening.open_internal(house.pool, 1000, testing::kSmall, why);
  ASSERT_NE(own, nullptr) << why;
  EXPECT_EQ(own->state, SessionState::Attaching);
  EXPECT_EQ(own->supervisor, 2U);
  EXPECT_FALSE(own->lifeline.valid());
  EXPECT_EQ(house.sessions_charged(), 0U);
  EXPECT_THAT(house.pool.attached, IsEmpty()) << "the keeper first";
  house.daemon.answer();
  FakePoolPort::answer(house.pool.attaching);
  EXPECT_EQ(own->state, SessionState::Open);
  EXPECT_EQ(house.pool.calls, 1) << "what was queued meanwhile";
}

}  // namespace
}  // namespace ringmaster::daemon
