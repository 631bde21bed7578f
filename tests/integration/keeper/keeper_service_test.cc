#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/integration/keeper/keeper_fixture.h"
#include "tests/integration/keeper/keeper_stage.h"

namespace ringmaster::keeper {
namespace {

class KeeperService : public KeeperTest {
 protected:
  // A service manager's socket, as the test's own.
  void open_notify() {
    notify_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strcpy(where.sun_path, notify_path().c_str());
    ASSERT_EQ(::bind(notify_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  }
  void TearDown() override {
    ::unlink(notify_path().c_str());
    KeeperTest::TearDown();
  }
  std::string notify_path() const { return folder_ + "/notify"; }
  // The next datagram for which `wanted` holds.
  std::string next_notification(const std::function<bool(const std::string&)>& wanted) {
    for (;;) {
      pollfd watched{notify_.get(), POLLIN, 0};
      if (::poll(&watched, 1, 60'000) != 1) return "nothing came";
      char text[1024];
      const ssize_t got = ::recv(notify_.get(), text, sizeof text, 0);
      if (got > 0 && wanted(std::string(text, static_cast<std::size_t>(got))))
        return {text, static_cast<std::size_t>(got)};
    }
  }
  UniqueFd notify_;
};

bool not_watchdog(const std::string& text) { return text != "WATCHDOG=1"; }

TEST_F(KeeperService, PassesAllowedTextOnAndNothingElse) {
  open_notify();
  start({"NOTIFY_SOCKET=" + notify_path()});
  Puppet puppet = next_supervisor();
  send(puppet, encode_notify("MAINPID=1"));
  send(puppet, encode_notify("READY=1\nSTATUS=2 pools, 8 workers"));
  EXPECT_EQ(next_notification(not_watchdog), "READY=1\nSTATUS=2 pools, 8 workers");
}

TEST_F(KeeperService, PingsTheWatchdogAlsoAcrossASupervisorsDeath) {
  open_notify();
  start({"NOTIFY_SOCKET=" + notify_path(), "WATCHDOG_USEC=400000"});
  Puppet puppet = next_supervisor();
  const auto ping = [](const std::string& text) { return text == "WATCHDOG=1"; };
  EXPECT_EQ(next_notification(ping), "WATCHDOG=1");
  EXPECT_EQ(next_notification(ping), "WATCHDOG=1");
  ASSERT_EQ(::kill(puppet.pid, SIGKILL), 0);
  puppet = next_supervisor();
  EXPECT_EQ(next_notification(ping), "WATCHDOG=1");
  EXPECT_EQ(next_notification(ping), "WATCHDOG=1");
}

TEST_F(KeeperService, ChildrenDoNotSeeTheServiceManagersVariables) {
  open_notify();
  start({"NOTIFY_SOCKET=" + notify_path(), "WATCHDOG_USEC=60000000"});
  Puppet puppet = next_supervisor();
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/environ", puppet.pid);
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::string environment(65536, '\0');
  const ssize_t got = ::read(file.get(), environment.data(), environment.size());
  ASSERT_GT(got, 0);
  environment.resize(static_cast<std::size_t>(got));
  EXPECT_EQ(environment.find("NOTIFY_SOCKET"), std::string::npos);
  EXPECT_EQ(environment.find("WATCHDOG_"), std::string::npos);
  EXPECT_EQ(environment.find("LISTEN_"), std::string::npos);
}

TEST_F(KeeperService, ASocketOfTheServiceManagerBecomesTheListener) {
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  start({}, listener.get());
  Puppet puppet = next_supervisor();
  ASSERT_EQ(puppet.table.deposits.size(), 1u);
  EXPECT_EQ(puppet.table.deposits[0].label, make_label(DepositKind::Listener, 0, 1));
  struct stat ours {};
  struct stat inherited {};
  ASSERT_EQ(::fstat(listener.get(), &ours), 0);
  ASSERT_EQ(::fstat(puppet.inherited[0].get(), &inherited), 0);
  EXPECT_EQ(ours.st_ino, inherited.st_ino);
}

int run_keeper(const std::vector<std::string>& arguments, std::string* text = nullptr) {
  const std::string program = keeper_stage() + "/ringmasterd";
  auto [read_end, write_end] = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(write_end.get(), STDOUT_FILENO);
    std::vector<char*> argv{const_cast<char*>("ringmasterd")};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    ::_exit(126);
  }
  write_end.reset();
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(read_end.get(), bytes, sizeof bytes)) > 0;) {
    if (text != nullptr) text->append(bytes, static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(KeeperService, EndsWithTheSupervisorsCodeWhenItRefusesBeforeItServed) {
  EXPECT_EQ(run_keeper({"--config", "exit:78"}), kExitConfig);
  EXPECT_EQ(run_keeper({"--config", "exit:73"}), kExitSocket);
  EXPECT_EQ(run_keeper({"--config", "exit:69"}), kExitUnavailable);
}

TEST_F(KeeperService, CheckRunsTheSupervisorInItsPlace) {
  std::string text;
  EXPECT_EQ(run_keeper({"--check", "some.toml"}, &text), 78);
  EXPECT_EQ(text, "checked some.toml\n");
}

TEST_F(KeeperService, VersionHelpAndWrongOptions) {
  std::string text;
  EXPECT_EQ(run_keeper({"--version"}, &text), 0);
  EXPECT_THAT(text, testing::StartsWith("ringmasterd "));
  text.clear();
  EXPECT_EQ(run_keeper({"--help"}, &text), 0);
  EXPECT_THAT(text, testing::HasSubstr("--config FILE"));
  EXPECT_EQ(run_keeper({"--nonsense"}), 64);
  EXPECT_EQ(run_keeper({"--config"}), 64);
}

}  // namespace
}  // namespace ringmaster::keeper
