#include "daemon/supervisor/startup.h"

#include <gtest/gtest.h>

#include <memory>

#include "shm/memfd.h"
#include "tests/testing/fake_keeper.h"

namespace ringmaster::daemon {
namespace {

using keeper::DepositKind;

TEST(Startup, KnowsAWorkerThatLivesInTheLedgerInThatIncarnation) {
  shm::LedgerWorker record{};
  record.incarnation = 3;
  record.state = static_cast<std::uint32_t>(shm::LedgerState::Live);
  EXPECT_TRUE(is_known(&record, 3));
  EXPECT_FALSE(is_known(&record, 4));
  EXPECT_FALSE(is_known(nullptr, 3));
  record.state = static_cast<std::uint32_t>(shm::LedgerState::Ending);
  EXPECT_FALSE(is_known(&record, 3));
}

TEST(Startup, KillsTheLivingThatNoPoolHas) {
  const UniqueFd fd = *shm::create_segment("ledger", shm::ledger_bytes(1));
  const shm::Mapping map = *shm::Mapping::map(fd.get(), shm::Access::ReadWrite);
  shm::LedgerRecord& ledger = *shm::format_ledger(map.bytes());
  keeper::InheritedTable table;
  table.workers = {{.worker = 0, .incarnation = 1, .pid = 7}, {.worker = 1u << 20, .incarnation = 2, .pid = 8}};
  keeper::ExitRecord dead;
  dead.worker = 5;
  dead.incarnation = 9;
  table.exits = {dead};
  InheritedDeposits inherited({});
  testing::FakeKeeper keeper;
  WorkerCgroups none;
  PoolSet none_known;
  adopt_workers(table, ledger, inherited, none_known, keeper, none);
  EXPECT_EQ(keeper.killed, (std::vector<testing::FakeKeeper::Name>{{0, 1}, {1u << 20, 2}}));
}

TEST(Startup, LetsGoOfWhatNobodyTook) {
  const keeper::InheritedDeposit deposit{keeper::make_label(DepositKind::Reply, 4, 1),
                                         shm::create_segment("reply", 1)->release()};
  InheritedDeposits inherited({&deposit, 1});
  testing::FakeKeeper keeper;
  release_leftovers(inherited, keeper);
  ASSERT_EQ(keeper.released.size(), 1U);
  EXPECT_EQ(keeper.released[0].kinds, keeper::kind_bit(DepositKind::Reply));
  EXPECT_EQ(keeper.released[0].a, 4U);
}

}  // namespace
}  // namespace ringmaster::daemon
