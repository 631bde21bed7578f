#include <gmock/gmock.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/integration/keeper/keeper_stage.h"
#include "tests/testing/process_state.h"

namespace ringmaster::keeper {
namespace {

using testing::HasSubstr;
using testing::Not;

class KeeperSpawn : public KeeperTest {
 protected:
  void SetUp() override {
    KeeperTest::SetUp();
    start();
    puppet_ = next_supervisor();
  }
  Puppet puppet_;
};

TEST_F(KeeperSpawn, ReportsExitCodeAndForgetsTheWorkerWhenAcknowledged) {
  const SpawnedMessage spawned = spawn(puppet_, 7, {"exit", "42"});
  EXPECT_EQ(spawned.error, 0);
  EXPECT_EQ(spawned.worker, 7u);
  const auto exit = expect<ExitRecord>(puppet_);
  EXPECT_EQ(exit.worker, 7u);
  EXPECT_EQ(exit.pid, spawned.pid);
  EXPECT_EQ(exit.code, CLD_EXITED);
  EXPECT_EQ(exit.status, 42);
  EXPECT_GT(exit.max_rss_kib, 0u);
  // Until acknowledged the name is taken.
  EXPECT_EQ(spawn(puppet_, 7, {"exit", "1"}).error, EEXIST);
  send(puppet_, encode_exit_ack(7, 1));
  EXPECT_EQ(spawn(puppet_, 7, {"exit", "1"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).status, 1);
}

TEST_F(KeeperSpawn, GivesExactlyTheEnvironmentAndDescriptorsAskedFor) {
  EXPECT_EQ(spawn(puppet_, 1, {"env"},
                  [](SpawnSpec& spec) {
                    spec.cwd = "/usr";
                    spec.nice = 5;
                    spec.oom_score_adj = 300;
                    spec.rlimits = {{RLIMIT_NOFILE, 77, 99}};
                  })
                .error,
            0);
  const std::string text = output();
  EXPECT_THAT(text, HasSubstr("cwd=/usr\n"));
  EXPECT_THAT(text, HasSubstr("nice=5\n"));
  EXPECT_THAT(text, HasSubstr("oom=300\n"));
  EXPECT_THAT(text, HasSubstr("nofile=77\n"));
  EXPECT_THAT(text, HasSubstr("pgid_is_own=1\n"));
  EXPECT_THAT(text, HasSubstr("env:GREETING=hello\n"));
  EXPECT_THAT(text, Not(HasSubstr("env:PATH")));

  EXPECT_EQ(spawn(puppet_, 2, {"fds"}, [](SpawnSpec& spec) { spec.fd_count = 8; }).error, 0);
  EXPECT_EQ(output(), "fd:0\nfd:1\nfd:2\nfd:3\nfd:4\nfd:5\nfd:6\nfd:7\n");
}

TEST_F(KeeperSpawn, ChangesUidAndDropsGroups) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(spawn(puppet_, 1, {"env"}, [](SpawnSpec& spec) { spec.identity = {kOtherUser, kOtherUser}; }).error, 0);
  EXPECT_THAT(output(), HasSubstr("uid=65534 gid=65534 groups=0\n"));
  EXPECT_EQ(spawn(puppet_, 2, {"env"},
                  [](SpawnSpec& spec) {
                    spec.identity = {kOtherUser, kOtherUser, {7, 8}};
                  })
                .error,
            0);
  EXPECT_THAT(output(), HasSubstr("uid=65534 gid=65534 groups=2\n"));
}

TEST_F(KeeperSpawn, NamesStageAndErrnoOfAFailure) {
  SpawnedMessage spawned = spawn(puppet_, 1, {}, [](SpawnSpec& spec) { spec.path = "/nonexistent/worker"; });
  EXPECT_EQ(static_cast<daemon::SpawnStage>(spawned.stage), daemon::SpawnStage::Exec);
  EXPECT_EQ(spawned.error, ENOENT);
  spawned = spawn(puppet_, 1, {}, [](SpawnSpec& spec) { spec.path = "/etc/passwd"; });
  EXPECT_EQ(static_cast<daemon::SpawnStage>(spawned.stage), daemon::SpawnStage::Exec);
  EXPECT_EQ(spawned.error, EACCES);
  spawned = spawn(puppet_, 1, {}, [](SpawnSpec& spec) { spec.cwd = "/nonexistent"; });
  EXPECT_EQ(static_cast<daemon::SpawnStage>(spawned.stage), daemon::SpawnStage::Directory);
  EXPECT_EQ(spawned.error, ENOENT);
  spawned = spawn(puppet_, 1, {}, [](SpawnSpec& spec) { spec.rlimits = {{RLIMIT_CORE, 9, 3}}; });
  EXPECT_EQ(static_cast<daemon::SpawnStage>(spawned.stage), daemon::SpawnStage::Rlimit);
  EXPECT_EQ(spawned.error, EINVAL);
  // The name is free again at once: no such worker ever was.
  EXPECT_EQ(spawn(puppet_, 1, {"exit", "0"}).error, 0);
}

TEST_F(KeeperSpawn, ReportsADeathOnlyWhenNoDescendantIsLeft) {
  ASSERT_EQ(spawn(puppet_, 1, {"brood"}).error, 0);
  const auto exit = expect<ExitRecord>(puppet_);
  EXPECT_EQ(exit.status, 9);
  EXPECT_GE(exit.orphans_killed, 2u);
  // All writers are dead at the time of the report: nothing is to be waited for.
  EXPECT_THAT(output(), HasSubstr("bb"));
}

TEST_F(KeeperSpawn, KillsAWholeTreeByItsLeader) {
  std::vector<UniqueFd> fds;
  const SpawnedMessage spawned = spawn(puppet_, 1, {"hold"});
  char byte = 0;
  ASSERT_EQ(::read(output_.get(), &byte, 1), 1);
  send(puppet_, encode_signal(900, 1, 1, SIGKILL));
  EXPECT_EQ(expect<AckMessage>(puppet_).error, 0);
  const auto exit = expect<ExitRecord>(puppet_);
  EXPECT_EQ(exit.code, CLD_KILLED);
  EXPECT_EQ(exit.status, SIGKILL);
  EXPECT_FALSE(is_running(spawned.pid));
  output();
  send(puppet_, encode_signal(901, 1, 1, SIGKILL));
  EXPECT_EQ(expect<AckMessage>(puppet_).error, ESRCH);
}

TEST_F(KeeperSpawn, OneWorkersDeathLeavesOthersAndTheirChildrenAlone) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"hold"});
  const UniqueFd busy_output = std::move(output_);
  char byte = 0;
  ASSERT_EQ(::read(busy_output.get(), &byte, 1), 1);
  spawn(puppet_, 2, {"brood"});
  EXPECT_EQ(expect<ExitRecord>(puppet_).worker, 2u);
  EXPECT_TRUE(is_running(busy.pid));
  // The test's own end is a SIGKILL of the keeper, which its workers' children survive.
  send(puppet_, encode_signal(900, 1, 1, SIGKILL));
  EXPECT_EQ(expect<AckMessage>(puppet_).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).worker, 1u);
}

TEST_F(KeeperSpawn, ATracedWorkersEndIsReportedWhenItsTracerLetsGo) {
  const SpawnedMessage busy = spawn(puppet_, 1, {"busy"});
  if (::ptrace(PTRACE_SEIZE, busy.pid, 0, 0) != 0) GTEST_SKIP() << "may not trace here";
  send(puppet_, encode_signal(900, 1, 1, SIGKILL));
  expect<AckMessage>(puppet_);
  eventually("the worker is dead", [&] { return !is_running(busy.pid); });
  // The keeper cannot reap it yet, and works on meanwhile.
  ASSERT_EQ(spawn(puppet_, 2, {"exit", "0"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).worker, 2u);
  int status = 0;
  ASSERT_EQ(::waitpid(busy.pid, &status, __WALL), busy.pid);
  const auto exit = expect<ExitRecord>(puppet_);
  EXPECT_EQ(exit.worker, 1u);
  EXPECT_EQ(exit.status, SIGKILL);
}

TEST_F(KeeperSpawn, SurvivesGarbage) {
  Packet garbage(300, std::byte{0xa5});
  send(puppet_, garbage);
  EXPECT_EQ(expect<AckMessage>(puppet_).error, EBADMSG);
  Packet short_spawn = encode_signal(1, 1, 1, 9);
  short_spawn[2] = static_cast<std::byte>(MessageType::Spawn);
  send(puppet_, short_spawn);
  EXPECT_EQ(expect<SpawnedMessage>(puppet_).error, EBADMSG);
  send(puppet_, encode_signal(2, 99, 99, 9));
  EXPECT_EQ(expect<AckMessage>(puppet_).error, ESRCH);
  send(puppet_, encode_notify("MAINPID=1"));
  const DepositLabel forged[] = {make_label(DepositKind::WorkerPidfd, 1, 1)};
  send(puppet_, encode_deposit(3, forged), {0});
  EXPECT_EQ(expect<AckMessage>(puppet_).error, EINVAL);
  EXPECT_EQ(spawn(puppet_, 1, {"exit", "3"}).error, 0);
  EXPECT_EQ(expect<ExitRecord>(puppet_).status, 3);
}

TEST_F(KeeperSpawn, DepositsAreAllOrNothingAndReleasedBySelector) {
  const DepositLabel labels[] = {make_label(DepositKind::Request, 5, 0), make_label(DepositKind::Reply, 5, 0)};
  send(puppet_, encode_deposit(1, labels), {0, 0});
  EXPECT_EQ(expect<AckMessage>(puppet_).error, 0);
  const DepositLabel again[] = {make_label(DepositKind::Lifeline, 5, 0), labels[0]};
  send(puppet_, encode_deposit(2, again), {0, 0});
  EXPECT_EQ(expect<AckMessage>(puppet_).error, EEXIST);
  send(puppet_, encode_release(3, {~0u, 5, std::nullopt}));
  const auto ack = expect<AckMessage>(puppet_);
  EXPECT_EQ(ack.serial, 3u);
  EXPECT_EQ(ack.value, 2u);
}

}  // namespace
}  // namespace ringmaster::keeper
