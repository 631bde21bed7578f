#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "daemon/pools/pool_record.h"
#include "tests/integration/crash_points/stepper.h"

// A supervisor is stopped at every instruction that changes a created pool's record in the ledger: what a successor
// would read then.

namespace ringmaster::testing {
namespace {

using daemon::PoolRecord;
using State = core::CreatedLife::State;

constexpr std::uint32_t kIndex = 2;

class PoolRecordPoints : public ::testing::Test {
 protected:
  PoolRecordPoints() {
    void* at = ::mmap(nullptr, sizeof(shm::LedgerRecord), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    ledger = shm::format_ledger({static_cast<std::byte*>(at), sizeof(shm::LedgerRecord)});
  }
  ~PoolRecordPoints() override { ::munmap(ledger, sizeof(shm::LedgerRecord)); }

  [[nodiscard]] shm::LedgerPool& record() const { return ledger->pools[kIndex]; }
  [[nodiscard]] std::vector<std::span<std::byte>> memory() const {
    return {std::as_writable_bytes(std::span(&record(), 1))};
  }

  shm::LedgerRecord* ledger;
};

TEST_F(PoolRecordPoints, ANewOneIsWholeOrNotThere) {
  // What the pool before has left.
  record().tally[1].done = 7;
  record().published = 1;
  record().drain = 2;
  record().queue_highest = 9;
  record().charges[3].user = 1001;
  record().workers = 12;
  record().generation = 4;
  record().drain_until_ns = 99;
  std::strcpy(record().name, "u1.before");
  Stepper supervisor(memory(), [this] { (void)PoolRecord(*ledger, kIndex).begin({kIndex, 40, 3}, 1000, {1, 2}); });
  std::size_t before = 0;
  while (supervisor.step_to_change()) {
    const auto state = PoolRecord(*ledger, kIndex).state();
    if (!state) {
      ++before;
      continue;
    }
    ASSERT_EQ(state, State::Created);
    const PoolRecord found(*ledger, kIndex);
    EXPECT_EQ(found.place(kIndex), (core::PoolPlace{kIndex, 40, 3}));
    EXPECT_EQ(found.owner(), 1000U);
    EXPECT_EQ(found.workers(), (core::WorkerRange{1, 2}));
    EXPECT_EQ(found.text_serial(), 1U);
    EXPECT_EQ(record().generation, 5U);
    EXPECT_EQ(shm::tally_of(record()).done, 0U);
    EXPECT_EQ(record().charges[3].user.load(), 0U);
    EXPECT_EQ(record().drain.load() + record().queue_highest, 0U);
    EXPECT_EQ(record().drain_until_ns, 0U);
    EXPECT_STREQ(record().name, "");
  }
  EXPECT_GT(before, 10U);
  EXPECT_EQ(PoolRecord(*ledger, kIndex).state(), State::Created);
}

TEST_F(PoolRecordPoints, OneThatDrainsSaysUntilWhen) {
  PoolRecord served(*ledger, kIndex);
  (void)served.begin({kIndex, 40, 3}, 1000, {1, 2});
  served.note(State::Serving);
  Stepper supervisor(memory(), [this] {
    PoolRecord drained(*ledger, kIndex);
    drained.note_deadline(core::from_monotonic_ns(500));
    drained.note(State::Draining);
    drained.note_deadline(core::from_monotonic_ns(700));
    drained.note(State::Removing);
    drained.note(State::Removed);
    drained.clear();
  });
  std::vector<std::optional<State>> seen;
  while (supervisor.step_to_change()) {
    const auto state = served.state();
    if (seen.empty() || seen.back() != state) seen.push_back(state);
    if (state == State::Draining) {
      EXPECT_EQ(served.deadline(), core::from_monotonic_ns(500)) << "never later";
    }
  }
  EXPECT_EQ(seen, (std::vector<std::optional<State>>{State::Serving, State::Draining, State::Removed, std::nullopt}));
}

}  // namespace
}  // namespace ringmaster::testing
