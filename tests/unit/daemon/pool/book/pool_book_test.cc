#include "daemon/pool/book/pool_book.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using testing::Ledger;

constexpr shm::Owner kFirst{0, 1};
constexpr shm::Owner kSecond{0, 2};

PoolBook::Death crash(core::SeatNumber seat, const std::string& text) {
  return {seat, 1, 100, {5, 1000, "spin"}, {core::DeathKind::Signal, 11, true, false}, text, {}};
}

struct Lane {
  Lane() : memory(sizeof(shm::LaneRecord)), record(*shm::format_lane(memory.span(), 0, kFirst)) {}
  testing::Memory memory;
  shm::LaneRecord& record;
};

TEST(PoolBook, ALaneIsCountedOnceForADeathWhoeverRepeatsIt) {
  Ledger ledger;
  Lane lane;
  lane.record.counters.done = 3;
  {
    PoolBook book(ledger.record, 0, 1);
    book.add_counts(kFirst, &lane.record, shm::AttemptTimes{5, 7});
    book.add_counts(kFirst, &lane.record, shm::AttemptTimes{5, 7});
  }
  PoolBook successor(ledger.record, 0, 1);
  successor.add_counts(kFirst, &lane.record, shm::AttemptTimes{5, 7});
  EXPECT_EQ(successor.tally().deaths, 1U);
  EXPECT_EQ(successor.tally().done, 3U);
  EXPECT_EQ(successor.tally().run.max_ns, 7U);
  successor.add_counts(kSecond, nullptr, std::nullopt);
  EXPECT_EQ(successor.tally().deaths, 2U);
  EXPECT_EQ(successor.tally().done, 3U) << "of a lost lane nothing is known";
}

TEST(PoolBook, TheTotalIsTheRecordWithTheLiving) {
  Ledger ledger;
  Lane lane;
  lane.record.counters.done = 3;
  PoolBook book(ledger.record, 0, 1);
  book.tally().done = 10;
  const shm::LaneRecord* const living[] = {&lane.record, &lane.record};
  EXPECT_EQ(book.total(living).done, 16U);
  EXPECT_EQ(book.tally().done, 10U) << "nobody is counted before its death";
}

TEST(PoolBook, PoolsHaveRecordsOfTheirOwn) {
  Ledger ledger;
  PoolBook first(ledger.record, 0, 1);
  PoolBook second(ledger.record, 1, 1);
  ++first.tally().kills;
  first.note_death(crash(0, "died"), 1);
  EXPECT_EQ(second.tally().kills, 0U);
  second.restore();
  EXPECT_EQ(second.last_death(), "");
}

TEST(PoolBook, ASuccessorKnowsTheLastDeathOfEachSeat) {
  Ledger ledger;
  {
    PoolBook book(ledger.record, 0, 3);
    book.note_death(crash(0, "older"), 1);
    book.note_death(crash(1, "newer"), 2);
  }
  PoolBook successor(ledger.record, 0, 3);
  EXPECT_EQ(successor.last_death(), "");
  successor.restore();
  EXPECT_EQ(successor.last_death(0), "older");
  EXPECT_EQ(successor.last_death(1), "newer");
  EXPECT_EQ(successor.last_death(2), "");
  EXPECT_EQ(successor.last_death(), "newer");
}

TEST(PoolBook, AProcessThatNeverWasIsNoIncident) {
  Ledger ledger;
  PoolBook book(ledger.record, 0, 1);
  book.note_death(crash(0, "died"), 1);
  book.note_no_start(0, "cannot start \"x\"");
  EXPECT_EQ(book.last_death(0), "cannot start \"x\"");
  EXPECT_EQ(book.last_death(), "cannot start \"x\"");
  EXPECT_EQ(book.last_stack(0), "");
  EXPECT_EQ(IncidentLog(ledger.record).last(0, 9).size(), 1U);
}

TEST(PoolBook, TheStackOfADeathIsTheOneThatWasCapturedBefore) {
  Ledger ledger;
  IncidentLog log(ledger.record);
  log.set_stack(log.open({0, 0, 1, 100}, {5, 1000, "spin"}, 200), "#0 spin (spin.cc:12)\n", "#0 spin (spin.cc:12)\n");
  PoolBook book(ledger.record, 0, 1);
  PoolBook::Death death = crash(0, "died");
  death.core_place = "core dumped: look in /";
  book.note_death(death, 300);
  EXPECT_EQ(book.last_stack(0), "spin (spin.cc:12)");
  const auto incidents = IncidentLog(ledger.record).last(0, 9);
  ASSERT_EQ(incidents.size(), 1U);
  EXPECT_STREQ(incidents[0]->cause, "died");
  EXPECT_STREQ(incidents[0]->core, "core dumped: look in /");
  EXPECT_EQ(incidents[0]->job_id, 5U);
}

}  // namespace
}  // namespace ringmaster::daemon
