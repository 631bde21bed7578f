#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "daemon/os/scm_rights.h"
#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/testing/process_state.h"
#include "tests/testing/slow_close.h"

// What a peer can make slow to close holds the keeper up in nothing.
namespace ringmaster::keeper {
namespace {

using ringmaster::testing::DrawnOutWrite;
using ringmaster::testing::LingeringSocket;

class KeeperClosing : public KeeperTest {
 protected:
  void SetUp() override {
    KeeperTest::SetUp();
    start();
    puppet_ = next_supervisor();
  }

  /// The keeper's children but its supervisor.
  [[nodiscard]] std::vector<pid_t> others() const {
    const std::string number = std::to_string(keeper_);
    std::ifstream list("/proc/" + number + "/task/" + number + "/children");
    std::vector<pid_t> pids;
    for (pid_t pid = 0; list >> pid;) {
      if (pid != puppet_.pid) pids.push_back(pid);
    }
    return pids;
  }
  /// Leaves the keeper as the only holder.
  void deposit(DepositKind kind, std::uint32_t a, UniqueFd fd) {
    const DepositLabel label[] = {make_label(kind, a, 0)};
    send(puppet_, encode_deposit(a, label), {fd.get()});
    ASSERT_EQ(expect<AckMessage>(puppet_).error, 0);
  }
  void release(std::uint32_t a) {
    send(puppet_, encode_release(100 + a, {~0u, a, std::nullopt}));
    ASSERT_EQ(expect<AckMessage>(puppet_).value, 1u);
  }
  void expect_service(std::uint32_t worker) {
    ASSERT_EQ(spawn(puppet_, worker, {"exit", "3"}).error, 0);
    EXPECT_EQ(expect<ExitRecord>(puppet_).status, 3);
    send(puppet_, encode_exit_ack(worker, 1));
  }

  Puppet puppet_;
};

TEST_F(KeeperClosing, AWorkersSocketWithALingeringSocketInItsQueueIsNotWaitedFor) {
  LingeringSocket lingering;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd ours(ends[0]);
  {
    const UniqueFd workers(ends[1]);
    const std::byte byte{};
    const int fd = lingering.fd.get();
    ASSERT_EQ(daemon::send_packet(workers.get(), {&byte, 1}, {&fd, 1}), 0);
  }
  lingering.fd.reset();
  deposit(DepositKind::WorkerSocket, 1, std::move(ours));
  release(1);
  expect_service(7);
  eventually("what closed it is gone", [&] { return others().empty(); });
}

TEST_F(KeeperClosing, ACloseThatIsStuckWithholdsNoFenceAndHoldsNothingElse) {
  auto [read_end, write_end] = make_pipe();
  DrawnOutWrite write;
  if (!write.begin(write_end.get())) GTEST_SKIP() << "needs userfaultfd, which is root's";
  deposit(DepositKind::Ledger, 3, UniqueFd(::memfd_create("other", MFD_CLOEXEC)));
  deposit(DepositKind::Lifeline, 1, std::move(read_end));
  release(1);
  eventually("one is stuck", [&] {
    const auto left = others();
    if (left.size() != 1) return false;
    std::error_code gone;
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(left[0]) + "/fd", gone);
    return !gone && std::distance(begin(fds), std::filesystem::directory_iterator()) <= 2;
  });
  const pid_t stuck = others().at(0);
  expect_service(7);
  ::kill(stuck, SIGKILL);
  expect_service(8);
  EXPECT_FALSE(was_reaped(stuck)) << "SIGKILL does not end it";
  auto [second, unused] = make_pipe();
  deposit(DepositKind::Lifeline, 2, std::move(second));
  release(2);
  eventually("the next one is closed", [&] { return others() == std::vector{stuck}; });
  ASSERT_EQ(::kill(puppet_.pid, SIGKILL), 0);
  puppet_ = next_supervisor();
  EXPECT_EQ(puppet_.table.deposits.size(), 1u) << "the one that was not released";
  write.end();
  eventually("it ends", [&] { return others().empty() && was_reaped(stuck); });
}

TEST_F(KeeperClosing, ASupervisorThatSurvivesSigkillIsLeftBehind) {
  auto [read_end, write_end] = make_pipe();
  DrawnOutWrite write;
  if (!write.begin(write_end.get())) GTEST_SKIP() << "needs userfaultfd, which is root's";
  const std::byte order{'R'};
  const int fd = read_end.get();
  ASSERT_EQ(daemon::send_packet(puppet_.socket.get(), {&order, 1}, {&fd, 1}), 0);
  const pid_t stuck = puppet_.pid;
  puppet_ = next_supervisor();
  EXPECT_EQ(puppet_.ordinal, 2u);
  EXPECT_FALSE(was_reaped(stuck));
  expect_service(7);
  write.end();
  eventually("it ends", [&] { return was_reaped(stuck); });
}

}  // namespace
}  // namespace ringmaster::keeper
