#include "daemon/pool/pool_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/handler_id.h"
#include "tests/testing/fake_timers.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/pool_parts.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeWorker;
using ::testing::HasSubstr;
using testing::take_seat;

constexpr core::TimePoint kNow{1h};

/// A pool of two workers and a spare; its seats are empty.
struct Room : testing::PoolParts {
  Room() : PoolParts(3) {}
  [[nodiscard]] PoolView view() const { return report.view(kNow); }

  testing::FakeTimers timers;
  SeatOrders orders{"t", 0, 5s, {ledger.record, book, keeper}};
  Staffing staffing{sized(config),
                    {seats, handlers, orders},
                    {[](core::SeatNumber) {}, [](std::int32_t) { return core::Bytes{}; }, [] { return 0.0; }}};
  PoolDrain drain{"t", 0, {ledger.record, book, sessions, fates}, {[] {}, posted.later()}};
  PoolStatistics statistics{ledger.record.pools[0], 3};
  PoolCharges charges{timers, ledger.record.pools[0], config, [](const auto&) {}};
  QueueWatch queues{0s, {book, sessions, statistics, fates}};
  WorkerCgroups cgroups;
  PoolReport report{
      config,
      0,
      {ledger.record, seats, sessions, handlers, staffing, drain, book, statistics, charges, queues, cgroups}};

 private:
  static const config::PoolConfig& sized(config::PoolConfig& config) {
    config.workers = 2;
    config.spares = 1;
    return config;
  }
};

TEST(PoolReport, ShowsEachSeatWithWhatItsWorkerDoes) {
  Room room;
  HandlerDescription echo;
  echo.name = "echo";
  room.handlers.set({echo}, encode_handlers({&echo, 1}).value());
  FakeWorker& worker = take_seat(room.seats[1], {5, 9}, 1);
  room.seats[1].started = kNow - 30s;
  worker.lane().counters.done = 7;
  worker.lane().words.handler = wire::handler_id("echo");
  worker.lane().words.run_timeout = std::uint64_t{17} << 32;  // It has described job 17.
  worker.runs({3, 0, 17}, static_cast<std::uint64_t>((kNow - 2s).time_since_epoch().count()));
  room.seats[2].orphan.emplace().pid = 4711;
  const PoolView view = room.view();
  ASSERT_EQ(view.workers.size(), 3U);
  EXPECT_EQ(view.workers[0].state, "empty");
  EXPECT_EQ(view.workers[0].pid, 0);
  EXPECT_EQ(view.workers[1].state, "active");
  EXPECT_EQ(view.workers[1].incarnation, 9U);
  EXPECT_EQ(view.workers[1].jobs, 7U);
  EXPECT_EQ(view.workers[1].uptime, 30s);
  ASSERT_TRUE(view.workers[1].job);
  EXPECT_EQ(view.workers[1].job->id, shm::make_job_id(7, 17));
  EXPECT_EQ(view.workers[1].job->uid, 1000U);
  EXPECT_EQ(view.workers[1].job->handler, "echo");
  EXPECT_EQ(view.workers[1].job->run, 2s);
  EXPECT_EQ(view.workers[2].pid, 4711) << "a process that could not be taken over";
  EXPECT_EQ(view.workers_wanted, 2U);
  EXPECT_EQ(view.spares_wanted, 1U);
}

TEST(PoolReport, AJobOfASessionThatIsGoneIsNotShown) {
  Room room;
  take_seat(room.seats[0], {5, 9}).runs({8, 0, 17});
  EXPECT_FALSE(room.view().workers[0].job);
}

TEST(PoolReport, CountsTheLivingWithTheDead) {
  Room room;
  room.book.tally().done = 100;
  take_seat(room.seats[0], {5, 9}).lane().counters.done = 20;
  take_seat(room.seats[1], {6, 9}, 1).lane().counters.done = 3;
  EXPECT_EQ(room.report.total().done, 123U);
  EXPECT_EQ(room.view().figures.counts.done, 123U);
  EXPECT_EQ(room.report.snapshot().done, 123U);
}

TEST(PoolReport, ShowsTheDeathsThatNobodyWantedTheNewestFirst) {
  Room room;
  PoolBook::Death death;
  death.cause = {core::DeathKind::Signal, 11, true, false};
  for (core::SeatNumber seat = 0; seat < 2; ++seat) {
    death.seat = seat;
    death.text = "died of seat " + std::to_string(seat);
    room.book.note_death(death, 1);
  }
  const PoolView view = room.view();
  ASSERT_EQ(view.incidents.size(), 2U);
  EXPECT_EQ(view.incidents[0].seat, 1U);
  EXPECT_EQ(view.incidents[1].seat, 0U);
  EXPECT_THAT(view.incidents[0].cause, HasSubstr("died of seat 1"));
  EXPECT_THAT(view.workers[0].last_death, HasSubstr("died of seat 0"));
}

TEST(PoolReport, TellsHealthHowManyWorkInWhichState) {
  Room room;
  take_seat(room.seats[0], {5, 9});
  take_seat(room.seats[1], {6, 9}, 1).lane().counters.timed_out = 2;
  room.seats[1].state = core::SeatState::Starting;
  const core::PoolSnapshot snapshot = room.report.snapshot();
  EXPECT_EQ(snapshot.workers_active, 1U);
  EXPECT_EQ(snapshot.workers_starting, 1U);
  EXPECT_EQ(snapshot.workers_waiting, 1U);
  EXPECT_EQ(snapshot.spares_ready, 0U);
  EXPECT_EQ(snapshot.timed_out, 2U);
  EXPECT_EQ(snapshot.drain, core::Drain::State::Running);
  EXPECT_THAT(snapshot.unmet, ElementsAre());
}

TEST(PoolReport, SaysThatALimitIsNotInForce) {
  Room room;
  room.config.memory_max = core::Bytes{1 << 20};
  EXPECT_THAT(room.report.snapshot().unmet, ElementsAre(HasSubstr("memory_max (1MiB) is not in force")));
}

}  // namespace
}  // namespace ringmaster::daemon
