#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "daemon/keeper/command_line.h"
#include "daemon/keeper/service_environment.h"

namespace ringmaster::keeper {
namespace {

using Action = CommandLine::Action;

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ringmasterd");
  return parse_command_line(static_cast<int>(arguments.size()), const_cast<char* const*>(arguments.data()));
}

TEST(CommandLine, RunsWithConfigAndSocketInBothSpellings) {
  EXPECT_EQ(parse({}).action, Action::Run);
  const CommandLine line = parse({"--config", "a.toml", "--socket=/run/x"});
  EXPECT_EQ(line.action, Action::Run);
  EXPECT_STREQ(line.config, "a.toml");
  EXPECT_STREQ(line.socket, "/run/x");
  EXPECT_STREQ(parse({"--owner-fd", "7"}).owner, "7");
  EXPECT_STREQ(parse({"--runtime-folder=/run/x", "--owner-fd", "7"}).folder, "/run/x");
}

TEST(CommandLine, KnowsTheOtherActions) {
  EXPECT_EQ(parse({"--print-config"}).action, Action::PrintConfig);
  EXPECT_EQ(parse({"--version"}).action, Action::Version);
  EXPECT_EQ(parse({"--config", "x", "--help"}).action, Action::Help);
  const CommandLine check = parse({"--check", "b.toml"});
  EXPECT_EQ(check.action, Action::Check);
  EXPECT_STREQ(check.check, "b.toml");
}

TEST(CommandLine, NamesTheArgumentAtFault) {
  for (const std::vector<const char*>& wrong : std::vector<std::vector<const char*>>{{"--config"},
                                                                                     {"--config="},
                                                                                     {"--config", "a", "--config", "b"},
                                                                                     {"--sockets", "x"},
                                                                                     {"file"},
                                                                                     {"--runtime-folder", "/run/x"}}) {
    const CommandLine line = parse(wrong);
    EXPECT_EQ(line.action, Action::Wrong) << wrong[0];
    EXPECT_NE(line.offender, nullptr);
    EXPECT_NE(line.problem, nullptr);
  }
}

class ServiceEnvironmentTest : public testing::Test {
 protected:
  void SetUp() override { clear_service_environment(); }
  void TearDown() override { clear_service_environment(); }
};

TEST_F(ServiceEnvironmentTest, IsEmptyWithoutAServiceManager) {
  const ServiceEnvironment environment = read_service_environment(10);
  EXPECT_STREQ(environment.notify_socket, "");
  EXPECT_EQ(environment.watchdog_ns, 0u);
  EXPECT_EQ(environment.listen_fds, 0);
}

TEST_F(ServiceEnvironmentTest, TakesWhatIsMeantForThisProcessOnly) {
  ::setenv("WATCHDOG_USEC", "2500", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_PID", "10", 1);
  EXPECT_EQ(read_service_environment(10).watchdog_ns, 2'500'000u);
  EXPECT_EQ(read_service_environment(10).listen_fds, 2);
  EXPECT_EQ(read_service_environment(11).listen_fds, 0);
  ::setenv("WATCHDOG_PID", "11", 1);
  EXPECT_EQ(read_service_environment(10).watchdog_ns, 0u);
}

TEST_F(ServiceEnvironmentTest, NonsenseCountsAsAbsent) {
  ::setenv("LISTEN_PID", "10", 1);
  for (const char* const nonsense : {"", "x", "2x", "-1", "1000", "99999999999999999999999"}) {
    ::setenv("LISTEN_FDS", nonsense, 1);
    ::setenv("WATCHDOG_USEC", nonsense[0] == '1' ? "x" : nonsense, 1);
    EXPECT_EQ(read_service_environment(10).listen_fds, 0) << nonsense;
    EXPECT_EQ(read_service_environment(10).watchdog_ns, 0u) << nonsense;
  }
}

TEST_F(ServiceEnvironmentTest, ClearsAllOfThem) {
  for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) {
    ::setenv(name, "1", 1);
  }
  clear_service_environment();
  for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) {
    EXPECT_EQ(::getenv(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace ringmaster::keeper
