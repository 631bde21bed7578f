#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/testing/process_state.h"
#include "tests/testing/scratch_cgroup.h"

namespace ringmaster::keeper {
namespace {

/// Workers that are started in a cgroup of their own.
class KeeperCgroup : public KeeperTest {
 protected:
  void SetUp() override {
    KeeperTest::SetUp();
    if (scratch_.path().empty()) GTEST_SKIP() << scratch_.why();
    ASSERT_EQ(daemon::make_cgroup(scratch_.fd(), "w1.1", leaf_), 0);
    cgroup_ = leaf_.get();
    start();
    puppet_ = next_supervisor();
  }
  static void in_cgroup(SpawnSpec& spec) { spec.has_cgroup = true; }

  ScratchCgroup scratch_;
  UniqueFd leaf_;
  Puppet puppet_;
};

TEST_F(KeeperCgroup, AWorkerIsBornInItsOwnAndAnExitIsReportedOnlyWhenItIsEmpty) {
  const SpawnedMessage hold = spawn(puppet_, 1, {"hold"}, in_cgroup);
  ASSERT_EQ(hold.error, 0);
  char byte = 0;
  ASSERT_EQ(::read(output_.get(), &byte, 1), 1);
  EXPECT_EQ(ScratchCgroup::group_of(hold.pid), "w1.1");
  EXPECT_EQ(daemon::cgroup_empty(leaf_.get()), EBUSY);
  // Somebody who is no descendant of the worker and whom no sweep knows: only the cgroup tells of it.
  const pid_t guest = ::fork();
  if (guest == 0) {
    if (daemon::enter_cgroup(leaf_.get()) != 0) ::_exit(1);
    for (;;) ::pause();
  }
  eventually("the guest is in", [&] { return ScratchCgroup::group_of(guest) == "w1.1"; });
  ASSERT_EQ(::kill(hold.pid, SIGKILL), 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).status, SIGKILL);
  EXPECT_EQ(daemon::cgroup_empty(leaf_.get()), 0);
  EXPECT_FALSE(is_running(guest));
  eventually("the guest is reaped", [&] { return ::waitpid(guest, nullptr, WNOHANG) == guest; });
  output();
}

TEST_F(KeeperCgroup, SigkillEmptiesItOfChildrenInSessionsOfTheirOwn) {
  ASSERT_EQ(spawn(puppet_, 1, {"hold"}, in_cgroup).error, 0);
  char byte = 0;
  ASSERT_EQ(::read(output_.get(), &byte, 1), 1);
  send(puppet_, encode_signal(900, 1, 1, SIGKILL));
  EXPECT_EQ(expect<AckMessage>(puppet_).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).worker, 1u);
  EXPECT_EQ(daemon::cgroup_empty(leaf_.get()), 0);
  output();
  EXPECT_EQ(daemon::remove_cgroup(scratch_.fd(), "w1.1"), 0);
}

TEST_F(KeeperCgroup, OneThatWasRemovedFailsTheSpawnAtItsStage) {
  ASSERT_EQ(daemon::remove_cgroup(scratch_.fd(), "w1.1"), 0);
  const SpawnedMessage failed = spawn(puppet_, 1, {"exit", "0"}, in_cgroup);
  EXPECT_EQ(static_cast<daemon::SpawnStage>(failed.stage), daemon::SpawnStage::Cgroup);
  EXPECT_NE(failed.error, 0);
  // The name is free, and the keeper waits for nothing.
  ASSERT_EQ(spawn(puppet_, 1, {"exit", "4"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).status, 4);
}

TEST_F(KeeperCgroup, ASuccessorInheritsIt) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"busy"}, in_cgroup);
  ASSERT_EQ(busy.error, 0);
  ASSERT_EQ(::kill(puppet_.pid, SIGKILL), 0);
  puppet_ = next_supervisor();
  const auto is_cgroup_of = [](const InheritedDeposit& deposit) {
    return deposit.label == make_label(DepositKind::WorkerCgroup, 1, 1);
  };
  EXPECT_EQ(std::ranges::count_if(puppet_.table.deposits, is_cgroup_of), 1);
}

// A folder that looks like a cgroup, since a real one never fails to say whether anybody is in it.
class KeeperDoubtfulCgroup : public KeeperTest {};

TEST_F(KeeperDoubtfulCgroup, OneThatDoesNotSayWhetherItIsEmptyIsNoFence) {
  const std::string group = folder_ + "/group";
  std::filesystem::create_directory(group);
  std::ofstream(group + "/cgroup.procs").flush();
  std::ofstream(group + "/cgroup.events") << "frozen 0\n";
  const UniqueFd leaf(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  cgroup_ = leaf.get();
  start();
  Puppet puppet = next_supervisor();
  const SpawnedMessage doubtful = spawn(puppet, 1, {"exit", "1"}, [](SpawnSpec& spec) { spec.has_cgroup = true; });
  ASSERT_EQ(doubtful.error, 0);
  eventually("the worker is reaped", [&] { return was_reaped(doubtful.pid); });
  ASSERT_EQ(spawn(puppet, 2, {"exit", "2"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet).worker, 2u) << "the first is not fenced yet";
  std::ofstream(group + "/cgroup.events") << "populated 0\nfrozen 0\n";
  EXPECT_EQ(expect<ExitRecord>(puppet).worker, 1u);
  std::filesystem::remove_all(group);
}

}  // namespace
}  // namespace ringmaster::keeper
