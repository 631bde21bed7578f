#include "daemon/pool/queue_watch.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/pool/pool_parts.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kNow = 1'000'000 * kMs;

struct Room : testing::PoolParts {
  explicit Room(core::Duration timeout = {}) : watch(timeout, {book, sessions, statistics, fates}) {}

  /// A job that was submitted at that time and has that timeout; 0: the pool's.
  std::uint32_t submit(std::uint64_t at_ns, std::uint32_t timeout_ms) {
    const auto slot = memory.world.client.take_slot();
    shm::JobDescriptor job{};
    job.queue_timeout_ms = timeout_ms;
    job.submitted_ns = at_ns;
    (void)memory.world.client.publish(*slot, job);
    return *slot;
  }

  PoolStatistics statistics{ledger.record.pools[0], 1};
  QueueWatch watch;
};

TEST(QueueWatch, AJobThatWaitsForLongerThanItWishedEnds) {
  Room room;
  const std::uint32_t slot = room.submit(kNow, 20);
  room.watch.look(kNow + 10 * kMs);
  EXPECT_EQ(room.word(slot).state(), shm::SlotState::Ready);
  EXPECT_TRUE(room.watch.work_waits());
  ASSERT_TRUE(room.watch.next_deadline());
  const auto due = static_cast<std::uint64_t>(room.watch.next_deadline()->time_since_epoch().count());
  EXPECT_GT(due, kNow + 20 * kMs);
  room.watch.look(due);
  EXPECT_EQ(room.word(slot).cause(), Cause::QueueTimeout) << "a look at the time that was named finds it late";
  EXPECT_EQ(room.book.tally().timed_out, 1U);
  EXPECT_EQ(room.book.tally().queue.max_ns, due - kNow);
  room.watch.look(due);
  EXPECT_FALSE(room.watch.work_waits());
  EXPECT_FALSE(room.watch.next_deadline());
  EXPECT_EQ(room.book.tally().timed_out, 1U);
}

TEST(QueueWatch, TheNextDeadlineIsTheEarliestOfAll) {
  Room room;
  room.submit(kNow, 300);
  room.submit(kNow, 100);
  room.submit(kNow, 200);
  room.watch.look(kNow);
  ASSERT_TRUE(room.watch.next_deadline());
  EXPECT_LT(*room.watch.next_deadline(), core::from_monotonic_ns(kNow + 101 * kMs));
}

TEST(QueueWatch, WhoNamesNoTimeoutHasThePools) {
  Room patient;
  const std::uint32_t waits = patient.submit(kNow, 0);
  patient.watch.look(kNow + 3'600'000 * kMs);
  EXPECT_EQ(patient.word(waits).state(), shm::SlotState::Ready);
  EXPECT_FALSE(patient.watch.next_deadline());
  Room strict(std::chrono::milliseconds{50});
  const std::uint32_t ends = strict.submit(kNow, 0);
  const std::uint32_t own = strict.submit(kNow, 500);
  strict.watch.look(kNow + 51 * kMs);
  EXPECT_EQ(strict.word(ends).cause(), Cause::QueueTimeout);
  EXPECT_EQ(strict.word(own).state(), shm::SlotState::Ready);
}

TEST(QueueWatch, AClientThatLiesAboutTheTimeHarmsNobodysFigures) {
  Room room;
  room.memory.session.opened_ns = kNow - 5 * kMs;
  const std::uint32_t slot = room.submit(1, 2);
  room.watch.look(kNow);
  EXPECT_EQ(room.word(slot).cause(), Cause::QueueTimeout);
  EXPECT_EQ(room.book.tally().queue.max_ns, 5 * kMs) << "no older than its session";
}

TEST(QueueWatch, AWordThatCannotBeEndsItsSession) {
  Room room;
  const std::uint32_t slot = room.submit(kNow, 0);
  room.memory.session.reply.word(slot) = 0xF0000000;
  room.watch.look(kNow);
  EXPECT_EQ(room.fates.broken_sessions, std::vector<std::uint32_t>{7});
  EXPECT_FALSE(room.watch.work_waits()) << "it must keep nobody awake";
}

TEST(QueueWatch, AStatusSeesWhatWaitsNow) {
  Room room;
  room.watch.look(kNow);
  room.submit(kNow, 1);
  const auto gauge = room.watch.measure(core::from_monotonic_ns(kNow + 7 * kMs));
  EXPECT_EQ(gauge.queued(), 1U);
  EXPECT_EQ(gauge.oldest(), core::Duration{std::chrono::milliseconds{7}});
  EXPECT_EQ(room.book.tally().timed_out, 0U) << "it only looks";
  EXPECT_EQ(room.statistics.gauge().queued(), 0U);
}

}  // namespace
}  // namespace ringmaster::daemon
