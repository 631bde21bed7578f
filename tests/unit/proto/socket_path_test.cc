#include "proto/socket_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace ringmaster::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

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

TEST(SocketPath, AUserWithoutARuntimeDirectoryHasAPlaceAllTheSame) {
  SocketEnvironment bare;
  bare.euid = 1000;
  EXPECT_EQ(default_socket_path(bare).value(), "/tmp/ringmaster-1000/ringmaster.sock");
  bare.run_user = true;
  EXPECT_EQ(default_socket_path(bare).value(), "/run/user/1000/ringmaster.sock");
  bare.xdg_runtime_dir = "relative";
  EXPECT_THAT(default_socket_path(bare).error().message, StartsWith("$XDG_RUNTIME_DIR: "));
}

TEST(SocketPath, AClientGoesByOptionThenVariableThenDefault) {
  SocketEnvironment environment = user();
  EXPECT_EQ(client_socket_place("/a", environment, nothing)->path, "/a");
  EXPECT_EQ(client_socket_place("", environment, nothing)->path, "/run/user/1000/ringmaster.sock");
  environment.ringmaster_socket = "/b";
  EXPECT_EQ(client_socket_place("", environment, everything)->path, "/b");
  EXPECT_EQ(client_socket_place("/a", environment, everything)->path, "/a");
}

TEST(SocketPath, TheDaemonGoesByOptionThenVariableThenConfigurationThenDefault) {
  SocketEnvironment environment = user();
  EXPECT_EQ(daemon_socket_path("", "", environment).value(), "/run/user/1000/ringmaster.sock");
  EXPECT_EQ(daemon_socket_path("", "/c", environment).value(), "/c");
  environment.ringmaster_socket = "/b";
  EXPECT_EQ(daemon_socket_path("", "/c", environment).value(), "/b");
  EXPECT_EQ(daemon_socket_path("/a", "/c", environment).value(), "/a");
}

TEST(SocketPath, AnErrorNamesWhereThePathCameFrom) {
  SocketEnvironment environment = user();
  EXPECT_THAT(daemon_socket_path("a", "", environment).error().message, StartsWith("--socket: "));
  EXPECT_THAT(client_socket_place("a", environment, nothing).error().message, StartsWith("socket path \"a\""));
  EXPECT_THAT(daemon_socket_path("", "c", environment).error().message, StartsWith("daemon.socket: "));
  environment.ringmaster_socket = "b";
  EXPECT_THAT(daemon_socket_path("", "", environment).error().message, StartsWith("$RINGMASTER_SOCKET: "));
  EXPECT_THAT(client_socket_place("", environment, nothing).error().message, StartsWith("$RINGMASTER_SOCKET: "));
}

TEST(SocketPath, AUserReachesTheServiceWhereThereIsNoDaemonOfTheUser) {
  EXPECT_EQ(client_socket_place("", user(), only_system)->path, kSystemSocket);
  EXPECT_EQ(client_socket_place("", user(), everything)->path, "/run/user/1000/ringmaster.sock");
  SocketEnvironment odd = user();
  odd.xdg_runtime_dir = "/" + std::string(200, 'x');
  EXPECT_EQ(client_socket_place("", odd, only_system)->path, kSystemSocket);
  EXPECT_THAT(client_socket_place("", odd, nothing).error().message, HasSubstr("at most 107"));
}

TEST(SocketPath, EveryPlaceThatWasTriedIsNamed) {
  const std::string both =
      "tried the default places /run/user/1000/ringmaster.sock and /run/ringmaster/ringmaster.sock";
  EXPECT_EQ(places_tried(*client_socket_place("", user(), nothing)), both);
  EXPECT_EQ(places_tried(*client_socket_place("", user(), only_system)), both);
  EXPECT_EQ(places_tried(*client_socket_place("", user(), everything)),
            "tried the default place /run/user/1000/ringmaster.sock");
  EXPECT_EQ(places_tried(*client_socket_place("/a", user(), nothing)), "");
  SocketEnvironment variable = user();
  variable.ringmaster_socket = "/b";
  EXPECT_EQ(places_tried(*client_socket_place("", variable, nothing)), "tried $RINGMASTER_SOCKET");
  EXPECT_EQ(places_tried(*client_socket_place("", SocketEnvironment{}, nothing)),
            "tried the default place /run/ringmaster/ringmaster.sock");
}

/// /tmp/ringmaster-UID for a uid that nobody has.
class PrivateFolder : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] Result<void> check(uid_t euid, MissingFolder missing = MissingFolder::Leave) const {
    return check_private_folder(private_socket_folder(kUid) + "/ringmaster.sock", euid, missing);
  }
  static constexpr uid_t kUid = 4'000'000'000;
  std::string folder_ = private_socket_folder(kUid);
};

TEST_F(PrivateFolder, IsTrustedOnlyAsAFolderOfOnesOwnThatIsClosedToWriters) {
  EXPECT_TRUE(check(kUid)) << "not there: the client says that no daemon answers";
  ASSERT_EQ(::mkdir(folder_.c_str(), 0700), 0);
  EXPECT_THAT(check(kUid).error().message, HasSubstr("belongs to uid " + std::to_string(::geteuid())));
  ASSERT_EQ(::rmdir(folder_.c_str()), 0);
  ASSERT_EQ(::symlink("/", folder_.c_str()), 0);
  EXPECT_THAT(check(kUid).error().message, HasSubstr("is not a folder"));
  EXPECT_THAT(check(kUid, MissingFolder::Make).error().message, HasSubstr("is not a folder"));
}

TEST_F(PrivateFolder, ThatOthersMayWriteIsNotTrusted) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give the folder to that uid";
  ASSERT_EQ(::mkdir(folder_.c_str(), 0700), 0);
  ASSERT_EQ(::chown(folder_.c_str(), kUid, kUid), 0);
  EXPECT_TRUE(check(kUid));
  EXPECT_TRUE(check(kUid, MissingFolder::Make));
  ASSERT_EQ(::chmod(folder_.c_str(), 0770), 0);
  EXPECT_THAT(check(kUid).error().message, HasSubstr("may be written by others"));
}

TEST_F(PrivateFolder, IsNoMatterForASocketElsewhere) {
  ASSERT_EQ(::symlink("/", folder_.c_str()), 0);
  EXPECT_TRUE(check_private_folder("/run/user/1/ringmaster.sock", kUid, MissingFolder::Make));
  EXPECT_TRUE(check_private_folder(folder_ + "/another.sock", kUid, MissingFolder::Make));
}

TEST(SocketPath, RefusesWhatTheKernelWould) {
  EXPECT_TRUE(check_socket_path("/" + std::string(106, 'x')));
  EXPECT_THAT(check_socket_path("/" + std::string(107, 'x')).error().message, HasSubstr("at most 107"));
  EXPECT_THAT(check_socket_path("relative").error().message, HasSubstr("not absolute"));
  EXPECT_FALSE(check_socket_path(""));
}

}  // namespace
}  // namespace ringmaster::wire
