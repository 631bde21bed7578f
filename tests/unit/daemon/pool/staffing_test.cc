#include "daemon/pool/staffing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/testing/fake_keeper.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using core::SeatState;
using testing::FakeWorker;

constexpr core::TimePoint kNow{1h};

/// A pool of two workers and a spare, whose processes are fakes.
struct Room {
  explicit Room(bool can_start = true, unsigned budget = 2) : starts(can_start) {
    config.name = "t";
    config.workers = 2;
    config.spares = 1;
    config.restart.budget = budget;
    staff.emplace(config, Staffing::Rooms{seats, handlers, orders},
                  Staffing::Ports{[this](core::SeatNumber seat) { start(seat); },
                                  [this](std::int32_t) { return resident; }, [] { return 0.0; }});
  }

  void start(core::SeatNumber index) {
    started.push_back(index);
    if (!starts) return staff->no_start(index, now);
    Seat& seat = seats[index];
    seat = {};
    seat.process = std::make_unique<FakeWorker>(shm::Owner{index, 1}, index);
    seat.state = SeatState::Starting;
    seat.started = now;
  }
  void apply(bool stopping = false) { staff->apply(now, stopping, false); }
  void ready(core::SeatNumber index) {
    seats[index].ready = true;
    seats[index].state = SeatState::Spare;
    staff->became_ready(index, now);
    apply();
  }
  void all_ready() {
    apply();
    for (unsigned i = 0; i < seats.size(); ++i) ready(static_cast<core::SeatNumber>(i));
  }
  void die(core::SeatNumber index, core::DeathKind kind = core::DeathKind::Signal) {
    core::RestartPolicy::Died died{index, {kind, 11, true, false}, seats[index].ready, 0};
    seats[index] = {};
    staff->died(died, false, now);
    apply();
  }
  [[nodiscard]] std::vector<SeatState> states() const {
    std::vector<SeatState> all;
    for (const Seat& seat : seats) all.push_back(seat.state);
    return all;
  }

  testing::Ledger ledger;
  testing::FakeKeeper keeper;
  testing::Posted posted;
  config::PoolConfig config;
  std::vector<Seat> seats = std::vector<Seat>(3);
  HandlerCatalog handlers{0, keeper, posted.later()};
  PoolBook book{ledger.record, 0, 3};
  SeatOrders orders{"t", 0, 5s, {ledger.record, book, keeper}};
  core::TimePoint now = kNow;
  core::Bytes resident{};
  bool starts;
  std::vector<core::SeatNumber> started;
  std::optional<Staffing> staff;
};

TEST(Staffing, WorkersStartAsSparesAndAsManyAsAreWantedArePromoted) {
  Room room;
  room.apply();
  EXPECT_EQ(room.started, (std::vector<core::SeatNumber>{0, 1, 2}));
  EXPECT_FALSE(room.staff->availability().judged());
  room.ready(0);
  room.ready(1);
  room.ready(2);
  EXPECT_EQ(room.states(), (std::vector{SeatState::Active, SeatState::Active, SeatState::Spare}));
  EXPECT_TRUE(room.staff->availability().judged());
}

/// A queue whose oldest job has waited for that long.
core::QueueGauge queue_of(unsigned jobs, core::Duration oldest, core::TimePoint now) {
  core::QueueGauge gauge;
  gauge.begin(now - oldest);
  gauge.session(1);
  gauge.end();
  gauge.begin(now);
  gauge.session(1);
  for (unsigned i = 0; i < jobs; ++i) gauge.waits(now - oldest);
  gauge.end();
  return gauge;
}

TEST(Staffing, HasAsManyAtWorkAsThereIsWorkForAndKeepsItsSpare) {
  Room room;
  room.config.min_workers = 1;
  room.staff.emplace(room.config, Staffing::Rooms{room.seats, room.handlers, room.orders},
                     Staffing::Ports{[&](core::SeatNumber seat) { room.start(seat); },
                                     [&](std::int32_t) { return room.resident; }, [] { return 0.0; }});
  room.apply();
  EXPECT_EQ(room.started, (std::vector<core::SeatNumber>{0, 1})) << "one and a spare";
  room.ready(0);
  room.ready(1);
  room.staff->took_to_start(30ms);
  room.staff->look(room.now, queue_of(3, 0ms, room.now), true);
  room.now += 1s;
  room.staff->look(room.now, queue_of(3, 1s, room.now), true);
  EXPECT_EQ(room.staff->workers_wanted(), 2U);
  room.apply();
  EXPECT_EQ(room.states(), (std::vector{SeatState::Active, SeatState::Active, SeatState::Starting}))
      << "the spare helps at once";
  room.ready(2);
  ASSERT_TRUE(room.staff->next_deadline());
  room.now += room.config.idle_timeout;
  room.staff->look(room.now, queue_of(0, 0ms, room.now), false);
  room.apply();
  EXPECT_EQ(room.states(), (std::vector{SeatState::Active, SeatState::Leaving, SeatState::Spare}));
}

TEST(Staffing, ASuccessorGoesOnWithThoseAtWork) {
  Room room;
  room.all_ready();
  room.staff->set_range({1, 2}, room.now);
  room.staff->take_over(room.now);
  EXPECT_EQ(room.staff->workers_wanted(), 2U);
  room.apply();
  EXPECT_EQ(room.states(), (std::vector{SeatState::Active, SeatState::Active, SeatState::Spare}));
}

TEST(Staffing, ASuccessorCountsThoseThatAreJustBeingReplaced) {
  Room room;
  room.all_ready();
  room.staff->set_range({1, 2}, room.now);
  room.seats[0].state = SeatState::Leaving;
  room.staff->take_over(room.now);
  EXPECT_EQ(room.staff->workers_wanted(), 2U);
  room.staff->set_range({1, 1}, room.now);
  room.staff->set_range({1, 2}, room.now);
  room.seats[0] = {};
  room.staff->take_over(room.now);
  EXPECT_EQ(room.staff->workers_wanted(), 1U);
}

TEST(Staffing, LeavesQuarantineOnceItWantsNoMoreThanWork) {
  Room room;
  room.apply();
  room.ready(0);
  room.seats[0].process->lane().counters.done = 1;
  room.staff->look_for_first_jobs(room.now);
  for (int i = 0; i < 3; ++i) room.die(1, core::DeathKind::BootFailure);
  ASSERT_TRUE(room.staff->policy().quarantined());
  room.die(2, core::DeathKind::BootFailure);
  room.config.spares = 0;
  room.staff->set_range({1, 1}, room.now);
  room.apply();
  EXPECT_TRUE(room.staff->policy().quarantined()) << "not before a canary is due";
  room.now = *room.staff->next_deadline();
  const std::size_t before = room.started.size();
  room.apply();
  EXPECT_FALSE(room.staff->policy().quarantined());
  EXPECT_EQ(room.started.size(), before) << "it would be one too many";
}

TEST(Staffing, ASpareTakesThePlaceOfOneThatIsCondemnedBeforeItIsGone) {
  Room room;
  room.all_ready();
  room.seats[0].state = SeatState::Condemned;
  room.apply();
  EXPECT_EQ(room.states(), (std::vector{SeatState::Condemned, SeatState::Active, SeatState::Active}));
  EXPECT_EQ(room.started.size(), 3U) << "its seat is taken until its exit";
  room.die(0, core::DeathKind::TimedOut);
  EXPECT_EQ(room.started.back(), 0);
}

TEST(Staffing, APoolWhoseWorkersOnlyDieIsQuarantinedAndTriedAgain) {
  Room room;
  bool told = false;
  room.handlers.wait([&told] { told = true; });
  room.apply();
  for (const core::SeatNumber seat : std::vector<core::SeatNumber>{0, 1, 2})
    room.die(seat, core::DeathKind::BootFailure);
  EXPECT_TRUE(room.staff->no_worker_will_come());
  EXPECT_TRUE(room.staff->availability().failing());
  room.posted.run();
  EXPECT_TRUE(told) << "who waits for handlers waits in vain";
  ASSERT_TRUE(room.staff->next_deadline());
  const std::size_t before = room.started.size();
  room.now = *room.staff->next_deadline();
  room.apply();
  EXPECT_EQ(room.started.size(), before + 1) << "one canary";
  room.ready(room.started.back());
  EXPECT_FALSE(room.staff->no_worker_will_come()) << "somebody must give it a job";
}

TEST(Staffing, WorkersThatOthersKillBeforeTheyAreReadyDoNotMakeItFail) {
  Room room(true, 99);
  room.apply();
  core::RestartPolicy::Died died{0, {core::DeathKind::Signal, 9, true, true}, false, 0};
  for (int i = 0; i < 9; ++i) room.staff->died(died, false, room.now);
  EXPECT_FALSE(room.staff->availability().judged());
  died.cause.from_outside = false;
  for (int i = 0; i < 4; ++i) room.staff->died(died, false, room.now);
  EXPECT_TRUE(room.staff->availability().failing());
}

TEST(Staffing, AProgramThatCannotBeStartedMakesNoStorm) {
  Room room(false);
  room.apply();
  EXPECT_LE(room.started.size(), 12U);
  EXPECT_TRUE(room.staff->no_worker_will_come());
  const std::size_t before = room.started.size();
  room.apply();
  EXPECT_EQ(room.started.size(), before) << "nothing starts before its time";
}

TEST(Staffing, AFirstJobIsSeenOnce) {
  Room room;
  room.all_ready();
  room.seats[1].process->lane().counters.done = 1;
  room.staff->look_for_first_jobs(room.now);
  EXPECT_TRUE(room.seats[1].first_job_seen);
  EXPECT_FALSE(room.seats[0].first_job_seen);
}

TEST(Staffing, AWorkerThatHasGrownIsRecycledWhereASpareIsReady) {
  Room room;
  room.config.recycle.max_rss = core::mib(10);
  room.all_ready();
  room.resident = core::mib(11);
  room.apply();
  EXPECT_EQ(std::ranges::count(room.states(), SeatState::Leaving), 1) << "one at a time";
  EXPECT_EQ(std::ranges::count(room.states(), SeatState::Active), 2);
}

TEST(Staffing, AWorkerThatHasGrownIsRecycledInTheEndThoughAnotherSeatIsNeverReady) {
  Room room;
  room.config.recycle.max_rss = core::mib(10);
  room.apply();
  room.ready(0);
  room.ready(1);  // the third goes on starting
  room.resident = core::mib(11);
  room.apply();
  EXPECT_EQ(std::ranges::count(room.states(), SeatState::Leaving), 0);
  ASSERT_TRUE(room.staff->next_deadline());
  EXPECT_LE(*room.staff->next_deadline(), room.now + core::kRecyclePatience);
  room.now += core::kRecyclePatience;
  room.apply();
  EXPECT_EQ(std::ranges::count(room.states(), SeatState::Leaving), 0) << "no other has started since";
  room.die(1);
  room.now += 1h;
  room.apply();
  room.ready(1);
  room.apply();
  EXPECT_EQ(std::ranges::count(room.states(), SeatState::Leaving), 1);
  room.resident = {};
  room.apply();
  EXPECT_FALSE(std::ranges::any_of(room.seats, [](const Seat& seat) { return seat.recycle_due.has_value(); }));
}

TEST(Staffing, AtThePoolsEndEverybodyLeavesAndNobodyStarts) {
  Room room;
  room.all_ready();
  room.apply(true);
  EXPECT_EQ(room.states(), std::vector(3, SeatState::Leaving));
  const std::size_t before = room.started.size();
  room.seats[0] = {};
  room.apply(true);
  EXPECT_EQ(room.started.size(), before);
}

}  // namespace
}  // namespace ringmaster::daemon
