#include "daemon/supervisor/command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringmaster::daemon {
namespace {

Result<SupervisorOptions> parse(const std::vector<const char*>& arguments) {
  return parse_supervisor_options(arguments);
}

TEST(SupervisorCommandLine, IsWhatTheKeeperSays) {
  const auto options = parse({"--config", "/etc/r.toml", "--socket", "/run/r.sock", "--keeper-fd", "3", "--table-fd",
                              "4", "--owned", "--cold"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config, "/etc/r.toml");
  EXPECT_EQ(options->socket, "/run/r.sock");
  EXPECT_EQ(options->keeper_fd, 3);
  EXPECT_EQ(options->table_fd, 4);
  EXPECT_TRUE(options->cold);
  EXPECT_TRUE(options->owned);
  EXPECT_FALSE(options->check);
}

TEST(SupervisorCommandLine, AsksForOneAnswer) {
  EXPECT_TRUE(parse({"--version"})->version);
  EXPECT_TRUE(parse({"--print-config"})->print_config);
  EXPECT_EQ(parse({"--check", "a.toml"})->check, "a.toml");
  EXPECT_EQ(parse({"--check", ""})->check, "");
  EXPECT_EQ(parse({})->keeper_fd, -1);
}

TEST(SupervisorCommandLine, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(parse({"--cold", "--colder"}).error().message, "--colder: not an option, or its value is missing");
  EXPECT_EQ(parse({"--config"}).error().message, "--config: not an option, or its value is missing");
}

}  // namespace
}  // namespace ringmaster::daemon
