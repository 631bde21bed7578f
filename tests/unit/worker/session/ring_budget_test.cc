#include "worker/session/ring_budget.h"

#include <gtest/gtest.h>

#include "shm/port/doorbell.h"
#include "tests/unit/shm/fixture.h"
#include "worker/session/session_bells.h"

namespace ringmaster::worker {
namespace {

using Verdict = RingBudget::Verdict;
constexpr std::uint64_t kWindow = RingBudget::kWindowNs;
constexpr std::uint64_t kStart = 1'000'000 * kWindow;

// The last verdict on `times` rings at one moment.
Verdict ring(RingBudget& budget, std::uint32_t uid, RingTally& tally, std::uint64_t now, std::uint32_t times) {
  Verdict last = Verdict::Heed;
  for (std::uint32_t i = 0; i < times; ++i) last = budget.rang(uid, tally, now);
  return last;
}

TEST(RingBudget, SomeRingsForNothingAreNobodysFault) {
  RingBudget budget;
  RingTally tally;
  for (std::uint64_t window = 0; window < 1000; ++window) {
    ASSERT_EQ(ring(budget, 1, tally, kStart + window * kWindow, RingBudget::kFree), Verdict::Heed);
  }
  EXPECT_EQ(tally.count, 1000U * RingBudget::kFree);
}

TEST(RingBudget, WhoRingsOnIsNotHeardUntilTheWindowIsOver) {
  RingBudget budget;
  RingTally tally;
  EXPECT_EQ(ring(budget, 1, tally, kStart + 5, RingBudget::kFree + 1), Verdict::Mute);
  EXPECT_EQ(RingBudget::heard_again(kStart + 5), kStart + kWindow);
  EXPECT_EQ(ring(budget, 1, tally, kStart + kWindow, 1), Verdict::Heed);
}

TEST(RingBudget, IsOneForAllSessionsOfAUidAndNoOthers) {
  RingBudget budget;
  RingTally first;
  RingTally second;
  RingTally other;
  EXPECT_EQ(ring(budget, 1, first, kStart, RingBudget::kFree), Verdict::Heed);
  EXPECT_EQ(ring(budget, 1, second, kStart, 1), Verdict::Mute);
  EXPECT_EQ(ring(budget, 2, other, kStart, RingBudget::kFree), Verdict::Heed);
}

TEST(RingBudget, AStormWithoutAPauseEndsItsSession) {
  RingBudget budget;
  RingTally tally;
  for (std::uint64_t window = 0; window + 1 < RingBudget::kStorms; ++window) {
    ASSERT_EQ(ring(budget, 1, tally, kStart + window * kWindow, RingBudget::kFree + 100), Verdict::Mute) << window;
  }
  EXPECT_EQ(ring(budget, 1, tally, kStart + RingBudget::kStorms * kWindow, RingBudget::kFree + 1), Verdict::Mute)
      << "a quiet window between";
  EXPECT_EQ(ring(budget, 1, tally, kStart + (RingBudget::kStorms + 1) * kWindow, RingBudget::kFree + 1),
            Verdict::Storm);
}

TEST(RingBudget, OneWithPausesDoesNot) {
  RingBudget budget;
  RingTally tally;
  for (std::uint64_t window = 0; window < 1000; window += 2) {
    ASSERT_EQ(ring(budget, 1, tally, kStart + window * kWindow, RingBudget::kFree + 1), Verdict::Mute);
  }
}

TEST(SessionBells, OneThatStormsIsNotHeardForAWhileAndIsCounted) {
  testing::World world;
  testing::Worker worker(world, {1, 1}, 0);
  const UniqueFd bell = shm::create_doorbell().value();
  const UniqueFd pool_bell = shm::create_doorbell().value();
  const UniqueFd control = shm::create_doorbell().value();  // any descriptor that can be watched
  Parking parking = Parking::create(control.get(), pool_bell.get()).value();
  SessionTable table;
  SessionBells bells(parking, table, worker.self.lane->empty_rings);
  auto fresh = std::make_unique<AttachedSession>();
  fresh->about.index = 3;
  fresh->about.serial = 7;
  fresh->port = worker.session;
  fresh->bell = shm::open_doorbell_anew(bell.get()).value();
  AttachedSession& session = table.add(std::move(fresh));
  ASSERT_TRUE(bells.add(session));
  const auto heard = [&] {
    shm::ring_doorbell(bell.get());
    return parking.sleep(std::chrono::nanoseconds(0)).sessions().size() == 1;
  };
  ASSERT_TRUE(heard());
  for (std::uint32_t i = 0; i <= RingBudget::kFree; ++i) ASSERT_TRUE(bells.rang(session, kStart));
  EXPECT_FALSE(heard());
  const std::chrono::nanoseconds second(std::chrono::seconds(1));
  EXPECT_EQ(bells.until_heard(kStart + 5, second).count(), static_cast<std::int64_t>(kWindow - 5));
  EXPECT_FALSE(heard());
  EXPECT_EQ(bells.until_heard(kStart + kWindow, second), second);
  EXPECT_TRUE(heard());
  EXPECT_EQ(worker.self.lane->empty_rings.load(), RingBudget::kFree + 1);
  world.submit();
  EXPECT_TRUE(bells.rang(session, kStart + kWindow));
  EXPECT_EQ(worker.self.lane->empty_rings.load(), RingBudget::kFree + 1) << "that one told of a job";
}

}  // namespace
}  // namespace ringmaster::worker
