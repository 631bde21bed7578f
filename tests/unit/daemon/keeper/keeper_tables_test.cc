#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "daemon/keeper/bystanders.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {
namespace {

DepositLabel label(DepositKind kind, std::uint32_t a = 0, std::uint32_t b = 0) {
  return {static_cast<std::uint16_t>(kind), 0, a, b};
}

// A table closes what it holds, so it is given numbers that no process has open: close fails and harms nothing.
UniqueFd invented_fd(int number) { return UniqueFd(1'000'000 + number); }

int add(DepositTable& table, const std::vector<DepositLabel>& labels) {
  std::array<UniqueFd, kMaxDepositsPerMessage> fds;
  for (std::size_t i = 0; i < labels.size(); ++i) fds[i] = invented_fd(static_cast<int>(i));
  return table.add(labels, std::span(fds).first(labels.size()));
}

ReleaseMessage selector(std::uint32_t kinds, std::uint32_t a, std::uint32_t b, std::uint32_t any) {
  ReleaseMessage message;
  message.kinds = kinds;
  message.a = a;
  message.b = b;
  message.any = any;
  return message;
}

class DepositTableTest : public testing::Test {
 protected:
  std::unique_ptr<DepositTable> table_ = std::make_unique<DepositTable>();
};

TEST_F(DepositTableTest, RefusesATakenLabelAndTakesNoneOfThatMessage) {
  ASSERT_EQ(add(*table_, {label(DepositKind::Request, 1)}), 0);
  EXPECT_EQ(add(*table_, {label(DepositKind::Reply, 1), label(DepositKind::Request, 1)}), EEXIST);
  EXPECT_EQ(add(*table_, {label(DepositKind::Reply, 2), label(DepositKind::Reply, 2)}), EEXIST);
  EXPECT_EQ(table_->count(), 1u);
}

TEST_F(DepositTableTest, RefusesKindsThatAreNotTheSupervisors) {
  EXPECT_EQ(add(*table_, {label(DepositKind::WorkerPidfd, 1)}), EINVAL);
  EXPECT_EQ(add(*table_, {label(DepositKind::WorkerCgroup, 1)}), EINVAL);
  EXPECT_EQ(add(*table_, {label(DepositKind::None, 1)}), EINVAL);
  EXPECT_EQ(add(*table_, {DepositLabel{kMaxDepositKind + 1, 0, 0, 0}}), EINVAL);
  EXPECT_EQ(add(*table_, {DepositLabel{1, 7, 0, 0}}), EINVAL);
  EXPECT_EQ(add(*table_, {}), EINVAL);
  EXPECT_EQ(table_->count(), 0u);
}

TEST_F(DepositTableTest, ReleasesByKindsAndLabel) {
  for (std::uint32_t a = 0; a < 3; ++a) {
    ASSERT_EQ(add(*table_, {label(DepositKind::Request, a, 9), label(DepositKind::Reply, a, 9)}), 0);
  }
  const std::uint32_t both = 1u << 12 | 1u << 13;
  EXPECT_EQ(table_->release(selector(both, 1, 8, 0)), 0u);
  EXPECT_EQ(table_->release(selector(both, 1, 9, 0)), 2u);
  EXPECT_EQ(table_->release(selector(both, 1, 9, 0)), 0u) << "a release may be repeated";
  EXPECT_EQ(table_->release(selector(1u << 12, 0, 0, kReleaseAnyA | kReleaseAnyB)), 2u);
  EXPECT_EQ(table_->release(selector(~0u, 2, 0, kReleaseAnyB)), 1u);
  EXPECT_EQ(table_->count(), 1u);
}

TEST_F(DepositTableTest, ReusesReleasedPlaces) {
  ASSERT_EQ(add(*table_, {label(DepositKind::Lane, 1), label(DepositKind::Lane, 2), label(DepositKind::Lane, 3)}), 0);
  table_->release(selector(~0u, 2, 0, 0));
  std::array<UniqueFd, 8> out;
  ASSERT_EQ(table_->take_released(out), 1u);
  ASSERT_EQ(add(*table_, {label(DepositKind::Lane, 4)}), 0);
  EXPECT_EQ(table_->entries().size(), 3u);
}

TEST_F(DepositTableTest, FullIsAnErrno) {
  for (std::uint32_t a = 0; a < kMaxDeposits / kMaxDepositsPerMessage; ++a) {
    std::vector<DepositLabel> labels;
    for (std::uint32_t b = 0; b < kMaxDepositsPerMessage; ++b) labels.push_back(label(DepositKind::Lane, a, b));
    ASSERT_EQ(add(*table_, labels), 0);
  }
  EXPECT_EQ(add(*table_, {label(DepositKind::Board)}), ENFILE);
  EXPECT_EQ(table_->release(selector(~0u, 0, 0, kReleaseAnyB)), kMaxDepositsPerMessage);
  EXPECT_EQ(add(*table_, {label(DepositKind::Board)}), ENFILE) << "released is not yet closed";
  std::array<UniqueFd, kMaxDepositsPerMessage> out;
  EXPECT_EQ(table_->take_released(out), out.size());
  EXPECT_EQ(add(*table_, {label(DepositKind::Board)}), 0);
}

TEST_F(DepositTableTest, WhatIsReleasedCountsUntilItIsTaken) {
  ASSERT_EQ(add(*table_, {label(DepositKind::Request, 1), label(DepositKind::Lifeline, 1)}), 0);
  ASSERT_EQ(add(*table_, {label(DepositKind::Request, 2)}), 0);
  EXPECT_EQ(table_->release(selector(~0u, 1, 0, 0)), 2u);
  EXPECT_EQ(table_->release(selector(~0u, 2, 0, 0)), 1u);
  EXPECT_EQ(table_->count(), 0u);
  EXPECT_EQ(table_->released(), 3u);
  EXPECT_EQ(table_->entries().size(), 3u) << "it is still open";

  std::array<UniqueFd, 8> out;
  EXPECT_EQ(table_->take_released(out), 2u) << "one release at a time";
  EXPECT_EQ(table_->released(), 1u);
  table_->return_released(std::span(out).first(2));
  EXPECT_EQ(table_->released(), 3u);
  EXPECT_EQ(table_->take_released(std::span(out).first(1)), 1u) << "as much as fits";
  EXPECT_EQ(table_->take_released(out), 1u);
  EXPECT_EQ(table_->take_released(out), 1u);
  EXPECT_EQ(table_->take_released(out), 0u);
  EXPECT_TRUE(table_->entries().empty());
}

TEST_F(DepositTableTest, ALabelMayBeTakenAgainWhileWhatItNamedIsNotClosedYet) {
  ASSERT_EQ(add(*table_, {label(DepositKind::Listener)}), 0);
  EXPECT_EQ(table_->release(selector(~0u, 0, 0, 0)), 1u);
  EXPECT_EQ(add(*table_, {label(DepositKind::Listener)}), 0);
  EXPECT_EQ(table_->entries().size(), 2u);
}

TEST_F(DepositTableTest, DropStateKeepsListenersAndLocks) {
  ASSERT_EQ(add(*table_, {label(DepositKind::Listener), label(DepositKind::Lock), label(DepositKind::Ledger)}), 0);
  table_->drop_state();
  EXPECT_EQ(table_->count(), 2u);
}

TEST(WorkerTable, FindsFreesAndKnowsOnlyWhatIsUnreaped) {
  const auto table = std::make_unique<WorkerTable>();
  WorkerEntry* const slot = table->take();
  ASSERT_NE(slot, nullptr);
  slot->state = WorkerEntry::State::Running;
  slot->worker = 3;
  slot->incarnation = 4;
  slot->exit.pid = 4711;
  EXPECT_EQ(table->find(3, 4), slot);
  EXPECT_EQ(table->find(3, 5), nullptr);
  EXPECT_TRUE(table->knows(4711));
  EXPECT_TRUE(table->any_unfenced());
  slot->state = WorkerEntry::State::Reaped;
  EXPECT_FALSE(table->knows(4711)) << "the number may be another's by now";
  EXPECT_TRUE(table->any_unfenced());
  slot->state = WorkerEntry::State::Fenced;
  EXPECT_FALSE(table->any_unfenced());
  EXPECT_EQ(table->find(3, 4), slot) << "until acknowledged";
  table->release(*slot);
  EXPECT_EQ(table->find(3, 4), nullptr);
  EXPECT_TRUE(table->slots().empty());
}

TEST(WorkerTable, GivesNoPlaceWhenAllAreTaken) {
  const auto table = std::make_unique<WorkerTable>();
  for (std::size_t i = 0; i < kMaxWorkers; ++i) {
    WorkerEntry* const slot = table->take();
    ASSERT_NE(slot, nullptr);
    slot->state = WorkerEntry::State::Fenced;
  }
  EXPECT_EQ(table->take(), nullptr);
}

// A stop waits for its own closers: whoever gets them as orphans may reap nobody.
TEST(Bystanders, TellWhatTheKeeperHasStartedUntilItIsReaped) {
  constexpr pid_t kNoProcess = 5'000'000;  // beyond pid_max: there is nothing to reap, as after an end
  Bystanders bystanders;
  EXPECT_EQ(bystanders.started(), 0U);
  ASSERT_TRUE(bystanders.add(kNoProcess));
  ASSERT_TRUE(bystanders.add(kNoProcess + 1));
  EXPECT_EQ(bystanders.started(), 2U);
  bystanders.reap();
  EXPECT_EQ(bystanders.started(), 0U);
}

}  // namespace
}  // namespace ringmaster::keeper
