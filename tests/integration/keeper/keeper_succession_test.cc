#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/integration/keeper/keeper_stage.h"
#include "tests/testing/process_state.h"

namespace ringmaster::keeper {
namespace {

class KeeperSuccession : public KeeperTest {
 protected:
  void SetUp() override {
    KeeperTest::SetUp();
    start();
    puppet_ = next_supervisor();
  }
  Puppet puppet_;
};

TEST_F(KeeperSuccession, FirstSupervisorInheritsNothing) {
  EXPECT_EQ(puppet_.ordinal, 1u);
  EXPECT_FALSE(puppet_.cold);
  EXPECT_TRUE(puppet_.table.deposits.empty());
  EXPECT_TRUE(puppet_.table.workers.empty());
}

TEST_F(KeeperSuccession, SuccessorInheritsDepositsWorkersAndUnacknowledgedExits) {
  const UniqueFd memory(::memfd_create("ledger", MFD_CLOEXEC));
  ASSERT_EQ(::pwrite(memory.get(), "precious", 8, 0), 8);
  const DepositLabel label[] = {make_label(DepositKind::Ledger, 3, 4)};
  send(puppet_, encode_deposit(1, label), {memory.get()});
  ASSERT_EQ(expect<AckMessage>(puppet_).error, 0);
  const SpawnedMessage busy = spawn(puppet_, 1, {"busy"});
  const SpawnedMessage gone = spawn(puppet_, 2, {"exit", "5"});
  expect<ExitRecord>(puppet_);

  ASSERT_EQ(::kill(puppet_.pid, SIGKILL), 0);
  Puppet successor = next_supervisor();
  EXPECT_EQ(successor.ordinal, 2u);
  EXPECT_FALSE(successor.cold);
  ASSERT_EQ(successor.table.workers.size(), 1u);
  EXPECT_EQ(successor.table.workers[0].pid, busy.pid);
  EXPECT_EQ(static_cast<WorkerState>(successor.table.workers[0].state), WorkerState::Running);
  ASSERT_EQ(successor.table.exits.size(), 1u);
  EXPECT_EQ(successor.table.exits[0].pid, gone.pid);
  EXPECT_EQ(successor.table.exits[0].status, 5);
  EXPECT_TRUE(is_running(busy.pid));

  ASSERT_FALSE(successor.table.deposits.empty());
  ASSERT_EQ(successor.table.deposits[0].label, label[0]);
  char content[8] = {};
  ASSERT_EQ(::pread(successor.inherited[0].get(), content, 8, 0), 8);
  EXPECT_EQ(std::string(content, 8), "precious");

  send(successor, encode_exit_ack(2, 1));
  send(successor, encode_signal(9, 1, 1, SIGKILL));
  EXPECT_EQ(expect<ExitRecord>(successor).pid, busy.pid);
}

TEST_F(KeeperSuccession, AStoppedSupervisorIsReplaced) {
  order(puppet_, 'B', "2");
  ASSERT_EQ(::kill(puppet_.pid, SIGSTOP), 0);
  Puppet successor = next_supervisor();
  EXPECT_EQ(successor.ordinal, 2u);
  EXPECT_FALSE(is_running(puppet_.pid));
}

TEST_F(KeeperSuccession, ASilentSupervisorIsReplaced) {
  order(puppet_, 'Q', "");
  EXPECT_EQ(next_supervisor().ordinal, 2u);
}

TEST_F(KeeperSuccession, ASupervisorThatOnlyAnswersLives) {
  order(puppet_, 'A', "");
  ::sleep(13);  // longer than the limit of silence: time itself is what is tested
  const SpawnedMessage spawned = spawn(puppet_, 1, {"exit", "1"});
  EXPECT_EQ(spawned.error, 0);
  expect<ExitRecord>(puppet_);
  EXPECT_TRUE(is_running(puppet_.pid));
}

TEST_F(KeeperSuccession, AStoppedKeeperDoesNotBlameTheSupervisor) {
  ASSERT_EQ(::kill(keeper_, SIGSTOP), 0);
  ::sleep(12);  // longer than the limit of silence: time itself is what is tested
  ASSERT_EQ(::kill(keeper_, SIGCONT), 0);
  const SpawnedMessage spawned = spawn(puppet_, 1, {"exit", "1"});
  EXPECT_EQ(spawned.error, 0);
  expect<ExitRecord>(puppet_);
  EXPECT_TRUE(is_running(puppet_.pid));
}

TEST_F(KeeperSuccession, ThreeDeathsMeanAColdStartWithTheWorkersDead) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"busy"});
  const DepositLabel label[] = {make_label(DepositKind::Ledger, 0, 0)};
  send(puppet_, encode_deposit(1, label), {0});
  ASSERT_EQ(expect<AckMessage>(puppet_).error, 0);
  for (int death = 0; death < 3; ++death) {
    ASSERT_EQ(::kill(puppet_.pid, SIGSEGV), 0);
    puppet_ = next_supervisor();
    EXPECT_EQ(puppet_.cold, death == 2);
  }
  EXPECT_TRUE(puppet_.table.workers.empty());
  ASSERT_EQ(puppet_.table.exits.size(), 1u);
  EXPECT_EQ(puppet_.table.exits[0].pid, busy.pid);
  EXPECT_EQ(puppet_.table.exits[0].status, SIGKILL);
  EXPECT_EQ(puppet_.table.deposits[0].label, label[0]) << "so that sessions can be told";

  ASSERT_EQ(::kill(puppet_.pid, SIGSEGV), 0);
  puppet_ = next_supervisor();
  EXPECT_TRUE(puppet_.cold);
  EXPECT_TRUE(puppet_.table.deposits.empty()) << "they may be what kills it";
}

TEST_F(KeeperSuccession, KillOfTheKeeperKillsAll) {
  std::vector<pid_t> all{puppet_.pid};
  all.push_back(spawn(puppet_, 1, {"busy"}).pid);
  if (::getuid() == 0) {
    all.push_back(spawn(puppet_, 2, {"busy"}, [](SpawnSpec& spec) { spec.identity = {kOtherUser, kOtherUser}; }).pid);
  }
  ASSERT_EQ(::kill(keeper_, SIGKILL), 0);
  EXPECT_EQ(wait_keeper(), -SIGKILL);
  for (const pid_t pid : all) {
    eventually("process " + std::to_string(pid) + " is dead", [&] { return !is_running(pid); });
  }
}

TEST_F(KeeperSuccession, StopIsAMessageAndExitZeroEndsTheKeeper) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"busy"});
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  EXPECT_EQ(expect<StopRequestedMessage>(puppet_).signal, static_cast<std::uint32_t>(SIGTERM));
  order(puppet_, 'B', "3");
  order(puppet_, 'X', "0");
  EXPECT_EQ(wait_keeper(), 0);
  EXPECT_FALSE(is_running(busy.pid));
}

TEST_F(KeeperSuccession, ASupervisorThatDiesWhileStoppingIsFollowedByOneThatStops) {
  ASSERT_EQ(::kill(keeper_, SIGTERM), 0);
  expect<StopRequestedMessage>(puppet_);
  ASSERT_EQ(::kill(puppet_.pid, SIGKILL), 0);
  Puppet successor = next_supervisor();
  expect<StopRequestedMessage>(successor);
  order(successor, 'B', "3");
  order(successor, 'X', "0");
  EXPECT_EQ(wait_keeper(), 0);
}

TEST_F(KeeperSuccession, ASecondStopKillsEverything) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"hold"});
  ASSERT_EQ(::kill(keeper_, SIGINT), 0);
  expect<StopRequestedMessage>(puppet_);
  ASSERT_EQ(::kill(keeper_, SIGINT), 0);
  EXPECT_EQ(wait_keeper(), 1);
  EXPECT_FALSE(is_running(busy.pid));
  EXPECT_FALSE(is_running(puppet_.pid));
  output();
}

TEST_F(KeeperSuccession, ExitZeroWithoutAStopIsADeath) {
  order(puppet_, 'X', "0");
  EXPECT_EQ(next_supervisor().ordinal, 2u);
}

TEST_F(KeeperSuccession, HangupIsIgnored) {
  ASSERT_EQ(::kill(keeper_, SIGHUP), 0);
  EXPECT_EQ(spawn(puppet_, 1, {"exit", "0"}).error, 0);
}

// Not started by SetUp: each changes the process before it becomes the keeper.
class KeeperStart : public KeeperTest {};

TEST_F(KeeperStart, LeavesChildrenAloneThatItHadBefore) {
  const auto pipe = make_pipe();
  before_exec_ = [write_end = pipe.second.get()] {
    const pid_t sidecar = ::fork();
    if (sidecar == 0) {
      for (;;) ::pause();
    }
    if (::write(write_end, &sidecar, sizeof sidecar) != static_cast<ssize_t>(sizeof sidecar)) ::_exit(1);
  };
  start();
  pid_t sidecar = 0;
  ASSERT_EQ(::read(pipe.first.get(), &sidecar, sizeof sidecar), static_cast<ssize_t>(sizeof sidecar));
  Puppet puppet = next_supervisor();
  ASSERT_EQ(spawn(puppet, 1, {"brood"}).error, 0);
  expect<ExitRecord>(puppet);
  EXPECT_TRUE(is_running(sidecar));
  ::kill(sidecar, SIGKILL);
  eventually("the keeper has reaped it", [&] { return was_reaped(sidecar); });
}

TEST_F(KeeperStart, ADescriptorTableThatIsFullOfDepositsLeavesRoomForASuccessorAndTheFence) {
  before_exec_ = [] {
    const rlimit tight{128, 128};
    if (::setrlimit(RLIMIT_NOFILE, &tight) != 0) ::_exit(1);
  };
  start();
  Puppet puppet = next_supervisor();
  int error = 0;
  unsigned held = 0;
  for (std::uint32_t a = 0; a < 128 && error == 0; ++a) {
    const DepositLabel label[] = {make_label(DepositKind::Request, a, 0)};
    send(puppet, encode_deposit(a, label), {0});
    error = expect<AckMessage>(puppet).error;
    if (error == 0) ++held;
  }
  EXPECT_EQ(error, EMFILE);
  EXPECT_GT(held, 32u);
  ASSERT_EQ(::kill(puppet.pid, SIGKILL), 0);
  Puppet successor = next_supervisor();
  EXPECT_EQ(successor.table.deposits.size(), held);
  const SpawnedMessage refused = spawn(successor, 1, {"brood"});
  EXPECT_EQ(refused.error, EMFILE);
  EXPECT_EQ(static_cast<daemon::SpawnStage>(refused.stage), daemon::SpawnStage::Request);
  send(successor, encode_release(900, {~0u, std::nullopt, std::nullopt}));
  EXPECT_EQ(expect<AckMessage>(successor).value, held);
  ASSERT_EQ(spawn(successor, 1, {"brood"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(successor).status, 9);
}

TEST_F(KeeperStart, ItsProgramsAreWithinReachOfAnotherUser) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_TRUE(may_execute(keeper_stage() + "/ringmasterd", kOtherUser));
  EXPECT_FALSE(may_execute(folder_ + "/test", kOtherUser)) << "its folder is closed to others";
}

TEST_F(KeeperStart, WorksWithoutPrivileges) {
  if (::getuid() != 0) GTEST_SKIP() << "the other tests have shown it";
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  ASSERT_EQ(::chmod((folder_ + "/test").c_str(), 0777), 0);
  before_exec_ = [] {
    if (::setgid(kOtherUser) != 0 || ::setuid(kOtherUser) != 0) ::_exit(1);
  };
  start();
  Puppet puppet = next_supervisor();
  const auto own_identity = [](SpawnSpec& spec) {
    spec.identity = {kOtherUser, kOtherUser};
    spec.oom_score_adj = 500;
  };
  ASSERT_EQ(spawn(puppet, 1, {"env"}, own_identity).error, 0);
  EXPECT_THAT(output(), testing::HasSubstr("oom=500"));
  EXPECT_EQ(expect<ExitRecord>(puppet).worker, 1u);
  const SpawnedMessage other = spawn(puppet, 2, {"env"}, [](SpawnSpec& spec) { spec.identity = {1, 1}; });
  EXPECT_EQ(static_cast<daemon::SpawnStage>(other.stage), daemon::SpawnStage::Gid);
  EXPECT_EQ(other.error, EPERM);
  ASSERT_EQ(spawn(puppet, 3, {"brood"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet).worker, 3u);
}

}  // namespace
}  // namespace ringmaster::keeper
