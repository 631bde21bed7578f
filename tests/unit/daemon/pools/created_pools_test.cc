#include "daemon/pools/created_pools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/pool/startable.h"
#include "tests/unit/daemon/pools/pools_life.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::daemon {
namespace {

using keeper::DepositKind;
using ::testing::HasSubstr;
using testing::Left;
using testing::PoolsLife;

std::string own(const std::string& name) { return core::created_pool_name(::geteuid(), name); }

shm::LedgerPoolState state_of(const shm::LedgerRecord& ledger, std::uint32_t index) {
  return static_cast<shm::LedgerPoolState>(ledger.pools[index].state.load());
}

std::size_t deposits(const Left& left) {
  std::size_t found = 0;
  for (const auto kind : {DepositKind::Board, DepositKind::PoolBell, DepositKind::Handlers, DepositKind::PoolText,
                          DepositKind::PoolLifeline}) {
    found += left.of_kind(kind);
  }
  return found;
}
// Of the pool of the configuration.
constexpr std::size_t kOwnDeposits = 2;

// Nothing of a created pool is left, and its place is another's to take.
void expect_nothing_left(PoolsLife& life, const Left& left) {
  EXPECT_EQ(life.set().all().size(), 1U);
  EXPECT_EQ(state_of(life.ledger(), 1), shm::LedgerPoolState::None);
  EXPECT_EQ(deposits(left), kOwnDeposits);
  EXPECT_EQ(life.quota().use(::geteuid()), core::QuotaUse{});
  EXPECT_TRUE(left.workers.empty());
  auto again = life.create("again");
  ASSERT_TRUE(again && *again) << (again ? again->error().why : "no answer");
  ASSERT_NE(life.set().numbered(1), nullptr);
  EXPECT_EQ(life.set().numbered(1)->first_worker(), 1U) << "the workers of the one before";
}

TEST(CreatedPools, TellsTheNameOnceTheKeeperHoldsIt) {
  Left left;
  PoolsLife life(left, 1);
  std::optional<OrRefusal<PoolOffer>> answer;
  life.created().create(life.peer(), {"p", PoolsLife::kText, "/", 0, 0}, [&](auto made) { answer = std::move(made); });
  EXPECT_FALSE(answer);
  EXPECT_EQ(state_of(life.ledger(), 1), shm::LedgerPoolState::Created);
  EXPECT_EQ(life.set().all().size(), 1U) << "nothing of it runs yet";
  life.settle();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->name, own("p"));
  EXPECT_TRUE((*answer)->lifeline.valid());
  EXPECT_EQ(state_of(life.ledger(), 1), shm::LedgerPoolState::Serving);
  EXPECT_EQ(life.asked().specs.size(), 2U);
  EXPECT_EQ(life.asked().specs[0].worker, 1U);
  EXPECT_EQ(deposits(left), kOwnDeposits + 4);
}

TEST(CreatedPools, IsRemovedWhenItsOwnerHangsUp) {
  Left left;
  PoolsLife life(left, 1);
  { const auto offer = life.create("p"); }
  life.settle();
  expect_nothing_left(life, left);
}

TEST(CreatedPools, SaysThatTheKeeperHasNoRoom) {
  Left left;
  PoolsLife life(left, 1);
  life.asked().full = true;
  const auto offer = life.create("p");
  ASSERT_TRUE(offer && !*offer);
  EXPECT_EQ(offer->error().code, RefusalCode::NoMemory);
  life.asked().full = false;
  expect_nothing_left(life, left);
}

TEST(CreatedPools, WhoDropsItHearsWhenNothingIsLeft) {
  Left left;
  PoolsLife life(left, 1);
  const auto offer = life.create("p");
  unsigned told = 0;
  const auto done = [&](const std::optional<RequestRefusal>& refusal) { told += refusal ? 100 : 1; };
  life.created().drop(life.peer(), {"p"}, std::nullopt, done);
  life.created().drop(life.peer(), {own("p")}, core::Duration{0}, done);
  EXPECT_EQ(told, 0U);
  std::optional<RefusalCode> meanwhile;
  life.created().create(life.peer(), {"p", PoolsLife::kText, "/", 0, 0},
                        [&](auto&& made) { meanwhile = made ? RefusalCode::Internal : made.error().code; });
  EXPECT_EQ(meanwhile, RefusalCode::Draining) << "to be asked again";
  life.settle();
  EXPECT_EQ(told, 2U);
  std::optional<RequestRefusal> third;
  life.created().drop(life.peer(), {"p"}, std::nullopt, [&](auto refusal) { third = std::move(refusal); });
  ASSERT_TRUE(third);
  EXPECT_EQ(third->code, RefusalCode::UnknownPool);
  expect_nothing_left(life, left);
}

TEST(CreatedPools, AnotherOneOfItsNameIsNotDroppedOrResizedInItsPlace) {
  Left left;
  PoolsLife life(left, 1);
  auto first = life.create("p");
  ASSERT_TRUE(first && *first);
  const MeantPool meant{own("p"), (*first)->id};
  first.reset();
  life.settle();
  const auto second = life.create("p");
  ASSERT_TRUE(second && *second);
  EXPECT_NE((*second)->id, meant.id);
  std::optional<RequestRefusal> refused;
  life.created().drop(life.peer(), meant, std::nullopt, [&](auto why) { refused = std::move(why); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, RefusalCode::UnknownPool);
  EXPECT_THAT(refused->why, HasSubstr("another one has its name"));
  EXPECT_EQ(life.created().resize(life.peer(), meant, {1, 1})->code, RefusalCode::UnknownPool);
  EXPECT_FALSE(life.created().resize(life.peer(), {"p", (*second)->id}, {1, 1}));
  life.settle();
  EXPECT_EQ(life.set().all().size(), 2U);
}

TEST(CreatedPools, DroppedWhileItIsCreatedNeverIs) {
  Left left;
  PoolsLife life(left, 1);
  std::optional<OrRefusal<PoolOffer>> answer;
  life.created().create(life.peer(), {"p", PoolsLife::kText, "/", 0, 0}, [&](auto made) { answer = std::move(made); });
  bool dropped = false;
  life.created().drop(life.peer(), {"p"}, std::nullopt, [&](auto refusal) { dropped = !refusal; });
  life.settle();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_THAT(answer->error().why, HasSubstr("dropped"));
  EXPECT_TRUE(dropped);
  EXPECT_TRUE(life.asked().specs.empty());
  expect_nothing_left(life, left);
}

// In each turn of the loop somebody asks for a session, and waits for handlers that no worker will ever tell.
TEST(CreatedPools, NobodyFindsOneThatIsAboutToGo) {
  Left left;
  PoolsLife life(left, 1);
  const auto offer = life.create("p");
  unsigned asked = 0;
  unsigned answered = 0;
  std::function<void()> ask = [&] {
    const PoolPort* there = life.pools().named(own("p"), ::geteuid());
    EXPECT_TRUE(there == nullptr || state_of(life.ledger(), 1) != shm::LedgerPoolState::Removing) << asked;
    life.all_sessions().open(life.peer(), {own("p"), {}, 0, "app"}, [&](SessionAnswer&& answer) {
      ++answered;
      EXPECT_TRUE(std::holds_alternative<RequestRefusal>(answer));
    });
    if (++asked < 300) life.loop().post(ask);
  };
  life.created().drop(life.peer(), {"p"}, core::Duration{0}, [](const auto&) {});
  ask();
  life.settle();
  EXPECT_EQ(asked, 300U);
  EXPECT_EQ(answered, asked);
  expect_nothing_left(life, left);
}

TEST(CreatedPools, IsNotServedOnceTheDaemonStops) {
  Left left;
  PoolsLife life(left, 1);
  std::optional<OrRefusal<PoolOffer>> answer;
  life.created().create(life.peer(), {"p", PoolsLife::kText, "/", 0, 0}, [&](auto made) { answer = std::move(made); });
  life.why_not = "the daemon is stopping";
  life.created().stop();
  life.settle();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().code, RefusalCode::Draining);
  EXPECT_EQ(answer->error().why, life.why_not);
  EXPECT_TRUE(life.asked().specs.empty());
  life.why_not.clear();
  expect_nothing_left(life, left);
}

core::Duration drain_left(PoolsLife& life) { return PoolRecord(life.ledger(), 1).deadline() - life.loop().now(); }

// Its workers never end by themselves here. A plain drop and the end of its owner have the daemon's second each.
TEST(CreatedPools, ALongDrainIsShortenedByAPlainDropAndByTheEndOfItsOwner) {
  for (const bool by_owner : {false, true}) {
    Left left;
    PoolsLife life(left, 1);
    auto offer = life.create("p");
    life.asked().deaf = true;
    life.created().drop(life.peer(), {"p"}, std::chrono::hours{1}, [](const auto&) {});
    life.settle();
    ASSERT_GT(drain_left(life), std::chrono::minutes{59});
    if (by_owner) {
      offer.reset();
    } else {
      life.created().drop(life.peer(), {"p"}, std::nullopt, [](const auto&) {});
    }
    life.settle();
    EXPECT_LE(drain_left(life), std::chrono::seconds{1});
  }
}

TEST(CreatedPools, ALongDrainIsShortenedByASuccessorWhoSeesThatItsOwnerIsGone) {
  for (const bool before : {false, true}) {
    Left left;
    std::optional<OrRefusal<PoolOffer>> offer;
    {
      PoolsLife life(left, 1);
      offer = life.create("p");
      life.asked().deaf = true;
      life.created().drop(life.peer(), {"p"}, std::chrono::hours{1}, [](const auto&) {});
      life.settle();
      left = life.snapshot();
    }
    if (before) offer.reset();
    PoolsLife successor(left, 2);
    successor.asked().deaf = true;
    Pool& pool = *successor.set().numbered(1);
    for (const auto& [worker, incarnation] : left.workers) {
      pool.adopt(static_cast<std::uint16_t>(worker - pool.first_worker()), incarnation, testing::kNoPid, {}, false);
    }
    successor.start();
    EXPECT_EQ(drain_left(successor) > std::chrono::minutes{59}, !before);
    offer.reset();
    successor.settle();
    EXPECT_LE(drain_left(successor), std::chrono::seconds{1});
  }
}

TEST(PoolRecord, ADeadlineThatIsNotFollowedByItsStateCountsForNothing) {
  testing::Memory memory(sizeof(shm::LedgerRecord));
  PoolRecord record(*shm::format_ledger(memory.span()), 1);
  const core::TimePoint now{std::chrono::hours{5}};
  (void)record.begin({1, 1, 2}, 1000, {1, 2});
  record.note(core::CreatedLife::State::Serving);
  record.note_deadline(now);
  // The supervisor dies here.
  record.note_deadline(now + std::chrono::hours{1});
  record.note(core::CreatedLife::State::Draining);
  EXPECT_EQ(record.deadline(), now + std::chrono::hours{1});
  record.note_deadline(now + std::chrono::hours{2});
  EXPECT_EQ(record.deadline(), now + std::chrono::hours{1}) << "never later";
  record.note_deadline(now + std::chrono::minutes{1});
  EXPECT_EQ(record.deadline(), now + std::chrono::minutes{1});
}

TEST(CreatedPools, AThousandInARowLeaveNothing) {
  Left left;
  PoolsLife life(left, 1);
  for (unsigned i = 0; i < 1000; ++i) {
    const auto offer = life.create("p" + std::to_string(i % 3));
    ASSERT_TRUE(offer && (*offer || offer->error().code == RefusalCode::BadArgument)) << i;
    ASSERT_LE(life.set().all().size(), 5U);
  }
  life.settle();
  expect_nothing_left(life, left);
}

TEST(CreatedPools, RefusesWhatThereIsNoRoomFor) {
  Left left;
  PoolsLife life(left, 1, 100);
  std::vector<OrRefusal<PoolOffer>> offers;
  const std::string text = "command = [\"/bin/false\"]\nworkers = 1\nspares = 0\n";
  for (unsigned i = 1; i < shm::kMaxPools; ++i) {
    auto offer = life.create("p" + std::to_string(i), text);
    ASSERT_TRUE(offer && *offer) << i;
    offers.push_back(std::move(*offer));
  }
  const auto more = life.create("more", text);
  ASSERT_TRUE(more && !*more);
  EXPECT_EQ(more->error().code, RefusalCode::NoMemory);
  EXPECT_EQ(life.quota().use(::geteuid()).pools, shm::kMaxPools - 1U) << "and its uid is not charged";
}

TEST(Startable, WhatTheKeeperCannotBeToldIsKnownBeforehand) {
  config::PoolConfig config;
  config.name = "t";
  config.uid = 1000;
  config.groups.assign(keeper::kMaxSpawnGroups, 50);
  EXPECT_TRUE(check_startable(config, "/lib/worker"));
  config.groups.push_back(51);
  EXPECT_THAT(check_startable(config, "/lib/worker").error().message, HasSubstr("65 groups; at most 64"));
  config.groups.clear();
  config.environment = {{"A", std::string(keeper::kMaxSpawnStrings, 'x')}};
  EXPECT_THAT(check_startable(config, "/lib/worker").error().message, HasSubstr("pass less environment"));
}

TEST(CreatedPools, RefusesOneWhoseWorkersCouldNeverStart) {
  Left left;
  PoolsLife life(left, 1, 100);
  const auto offer =
      life.create("p", "command = [\"/bin/false\"]\nenvironment = { A = \"" + std::string(50'000, 'x') + "\" }\n");
  ASSERT_TRUE(offer && !*offer);
  EXPECT_EQ(offer->error().code, RefusalCode::BadArgument);
  EXPECT_THAT(offer->error().why, HasSubstr("pass less environment"));
  expect_nothing_left(life, left);
}

// At each request to the keeper and each turn of the loop, over a whole life: what a successor makes of it.
TEST(CreatedPools, EverySupervisorThatDiesLeavesWhatItsSuccessorFinishesOrUndoes) {
  Left left;
  std::vector<std::pair<Left, bool>> moments;  // and whether its creator has been told by then
  UniqueFd owners_end;
  {
    PoolsLife life(left, 1);
    bool told = false;
    const auto note = [&] { moments.emplace_back(life.snapshot(), told); };
    life.asked().seen = note;
    life.seen = note;
    life.created().create(life.peer(), {"p", PoolsLife::kText, "/", 0, 3}, [&](auto&& made) {
      ASSERT_TRUE(made);
      owners_end = std::move(made->lifeline);
      told = true;
    });
    life.settle();
    ASSERT_TRUE(told);
    EXPECT_FALSE(life.created().resize(life.peer(), {"p"}, {3, 3}));
    life.settle();
    life.created().drop(life.peer(), {"p"}, std::nullopt, [](const auto&) {});
    life.settle();
    EXPECT_EQ(life.set().all().size(), 1U);
  }
  std::size_t served = 0;
  std::size_t undone = 0;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    SCOPED_TRACE("moment " + std::to_string(i));
    auto& [moment, told] = moments[i];
    const auto state = [&moment = moment] {
      shm::LedgerRecord& record = *reinterpret_cast<shm::LedgerRecord*>(moment.ledger.data());
      return state_of(record, 1);
    }();
    PoolsLife successor(moment, 2);
    ASSERT_TRUE(successor.opened);
    const bool taken_up = successor.set().numbered(1) != nullptr;
    EXPECT_EQ(taken_up, state == shm::LedgerPoolState::Serving || state == shm::LedgerPoolState::Draining);
    EXPECT_TRUE(taken_up || !told || state != shm::LedgerPoolState::Created) << "whoever was told has it";
    taken_up ? ++served : ++undone;
    // Those that run were not adopted here: as killed by the keeper's cold start.
    for (const auto& [worker, incarnation] : std::map(moment.workers)) successor.die(worker);
    successor.start();
    if (state == shm::LedgerPoolState::Serving) {
      ASSERT_EQ(successor.set().all().size(), 2U) << "its owner holds on";
      std::optional<RequestRefusal> refused;
      successor.created().drop(successor.peer(), {"p"}, std::nullopt, [&](auto why) { refused = std::move(why); });
      successor.settle();
      EXPECT_FALSE(refused);
    }
    expect_nothing_left(successor, moment);
  }
  EXPECT_GT(served, 10U);
  EXPECT_GT(undone, 3U);
}

TEST(CreatedPools, AnOwnerThatDiedBetweenTwoSupervisorsIsFound) {
  Left left;
  std::optional<OrRefusal<PoolOffer>> offer;
  {
    PoolsLife life(left, 1);
    offer = life.create("p");
    ASSERT_TRUE(offer && *offer);
    left = life.snapshot();
  }
  offer.reset();
  PoolsLife successor(left, 2);
  for (const auto& [worker, incarnation] : std::map(left.workers)) successor.die(worker);
  successor.start();
  EXPECT_TRUE(successor.asked().specs.empty()) << "no worker is started for it";
  expect_nothing_left(successor, left);
}

TEST(CreatedPools, WhoseTextIsLostIsLetGoOf) {
  Left left;
  std::optional<OrRefusal<PoolOffer>> offer;
  {
    PoolsLife life(left, 1);
    offer = life.create("p");
    left = life.snapshot();
  }
  std::erase_if(left.held, [](const auto& one) {
    return std::get<0>(one.first) == static_cast<std::uint16_t>(DepositKind::PoolText);
  });
  PoolsLife successor(left, 2);
  EXPECT_EQ(successor.set().all().size(), 1U);
  for (const auto& [worker, incarnation] : std::map(left.workers)) successor.die(worker);
  successor.start();
  expect_nothing_left(successor, left);
}

}  // namespace
}  // namespace ringmaster::daemon
