#include "proto/socket_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster {
namespace {

using ::testing::HasSubstr;

bool nothing(const std::string&) { return false; }
bool only_system(const std::string& path) { return path == kSystemSocket; }
bool everything(const std::string&) { return true; }

SocketEnvironment user() {
  SocketEnvironment environment;
  environment.euid = 1000;
  environment.xdg_runtime_dir = "/run/user/1000";
  return environment;
}

TEST(SocketPath, IsTheSystemsForRootAndForTheService) {
  EXPECT_EQ(default_socket_path(SocketEnvironment{}).value(), kSystemSocket);
  SocketEnvironment service = user();
  service.runtime_directory = "/run/other:/run/ringmaster";
  EXPECT_EQ(default_socket_path(service).value(), kSystemSocket);
}

TEST(SocketPath, IsTheUsersForAUserAndForAServiceOfTheUser) {
  EXPECT_EQ(default_socket_path(user()).value(), "/run/user/1000/ringmaster.sock");
  SocketEnvironment service = user();
  service.runtime_directory = "/run/user/1000/ringmaster";
  EXPECT_EQ(default_socket_path(service).value(), "/run/user/1000/ringmaster.sock");
}

TEST(SocketPath, SaysWhatToSetWhereThereIsNone) {
  SocketEnvironment bare;
  bare.euid = 1000;
  EXPECT_THAT(default_socket_path(bare).error().message, HasSubstr("--socket"));
}

TEST(SocketPath, AClientGoesByOptionThenVariableThenDefault) {
  SocketEnvironment environment = user();
  EXPECT_EQ(client_socket_path("/a", environment, nothing).value(), "/a");
  EXPECT_EQ(client_socket_path("", environment, nothing).value(), "/run/user/1000/ringmaster.sock");
  environment.ringmaster_socket = "/b";
  EXPECT_EQ(client_socket_path("", environment, everything).value(), "/b");
  EXPECT_EQ(daemon_socket_path("", environment).value(), "/run/user/1000/ringmaster.sock")
      << "the daemon ignores the clients' variable";
}

TEST(SocketPath, AUserReachesTheServiceWhereThereIsNoDaemonOfTheUser) {
  EXPECT_EQ(client_socket_path("", user(), only_system).value(), kSystemSocket);
  EXPECT_EQ(client_socket_path("", user(), everything).value(), "/run/user/1000/ringmaster.sock");
  SocketEnvironment bare;
  bare.euid = 1000;
  EXPECT_EQ(client_socket_path("", bare, only_system).value(), kSystemSocket);
}

TEST(SocketPath, RefusesWhatTheKernelWould) {
  EXPECT_TRUE(check_socket_path("/" + std::string(106, 'x')));
  EXPECT_THAT(check_socket_path("/" + std::string(107, 'x')).error().message, HasSubstr("at most 107"));
  EXPECT_THAT(check_socket_path("relative").error().message, HasSubstr("not absolute"));
  EXPECT_FALSE(check_socket_path(""));
}

}  // namespace
}  // namespace ringmaster
