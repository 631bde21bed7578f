#include "daemon/supervisor/inherited_deposits.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

using keeper::DepositKind;

keeper::InheritedDeposit deposit(DepositKind kind, std::uint32_t a, std::uint32_t b) {
  return {keeper::make_label(kind, a, b), shm::create_segment("deposit", 1)->release()};
}

TEST(InheritedDeposits, GivesEachDescriptorOnceAndToNoProgram) {
  const auto lane = deposit(DepositKind::Lane, 5, 2);
  ASSERT_EQ(::fcntl(lane.fd, F_SETFD, 0), 0);
  InheritedDeposits inherited({&lane, 1});
  EXPECT_FALSE(inherited.take(DepositKind::Lane, 5, 1));
  EXPECT_FALSE(inherited.take(DepositKind::Control, 5, 2));
  const UniqueFd taken = inherited.take(DepositKind::Lane, 5, 2);
  EXPECT_EQ(taken.get(), lane.fd);
  EXPECT_EQ(::fcntl(taken.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(inherited.take(DepositKind::Lane, 5, 2));
}

TEST(InheritedDeposits, FindsASessionsDescriptorByItsSerialAlone) {
  const keeper::InheritedDeposit all[] = {deposit(DepositKind::Request, 6, 1), deposit(DepositKind::Request, 7, 9),
                                          deposit(DepositKind::Reply, 8, 0)};
  InheritedDeposits inherited(all);
  EXPECT_FALSE(inherited.take(DepositKind::Request, 8));
  EXPECT_FALSE(inherited.take(DepositKind::Request, 5));
  EXPECT_EQ(inherited.take(DepositKind::Request, 7).get(), all[1].fd);
  EXPECT_FALSE(inherited.take(DepositKind::Request, 7));
}

TEST(InheritedDeposits, ReleasesWhatNobodyTookButWhatTheKeeperSeesToItself) {
  const keeper::InheritedDeposit all[] = {deposit(DepositKind::Lane, 1, 2), deposit(DepositKind::WorkerPidfd, 1, 2),
                                          deposit(DepositKind::WorkerCgroup, 1, 2), deposit(DepositKind::Config, 4, 10),
                                          deposit(DepositKind::Board, 0, 0)};
  InheritedDeposits inherited(all);
  const UniqueFd board = inherited.take(DepositKind::Board, 0, 0);
  const auto left = inherited.close_rest();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].kinds, keeper::kind_bit(DepositKind::Lane));
  EXPECT_EQ(left[0].a, 1U);
  EXPECT_EQ(left[0].b, 2U);
  for (const auto& one : all) EXPECT_EQ(::fcntl(one.fd, F_GETFD) == -1, one.fd != board.get());
  EXPECT_TRUE(inherited.close_rest().empty());
}

}  // namespace
}  // namespace ringmaster::daemon
