#include "daemon/os/private_folder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace ringmaster::daemon {
namespace {

namespace fs = std::filesystem;

class PrivateFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "ringmaster-folder-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    path_ = base_ + "/mine";
    ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
  }
  void TearDown() override { fs::remove_all(base_); }
  static void write(const std::string& file) { std::ofstream(file) << "text"; }
  void listen(const std::string& name) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (path_ + "/" + name).c_str());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  /// What is wrong with it; "": nothing. Then it is there still.
  std::string wrong(const std::string& path, const char* file = nullptr) {
    PrivateFolder folder;
    const char* const why = folder.take(path.c_str(), file);
    if (why == nullptr) return "";
    EXPECT_TRUE(folder.remove());
    EXPECT_TRUE(fs::exists(fs::symlink_status(path_)));
    return why;
  }

  std::string base_, path_;
};

TEST_F(PrivateFolderTest, GoesWithAllThatWasPutIntoIt) {
  const std::string config = path_ + "/config.toml";
  write(config);
  listen("socket");
  PrivateFolder folder;
  ASSERT_EQ(folder.take(path_.c_str(), config.c_str()), nullptr);
  write(path_ + "/log");
  fs::create_directories(path_ + "/pool/deep/er");
  write(path_ + "/pool/deep/er/boot");
  for (int i = 0; i < 1000; ++i) write(path_ + "/pool/crash-" + std::to_string(i));
  EXPECT_TRUE(folder.remove());
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(folder.remove()) << "a second time it does nothing";
}

TEST_F(PrivateFolderTest, LeavesWhatALinkInItNames) {
  PrivateFolder folder;
  ASSERT_EQ(folder.take(path_.c_str(), nullptr), nullptr);
  fs::create_directory(base_ + "/others");
  write(base_ + "/others/file");
  fs::create_directory_symlink(base_ + "/others", path_ + "/link");
  fs::create_hard_link(base_ + "/others/file", path_ + "/same");
  EXPECT_TRUE(folder.remove());
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(base_ + "/others/file"));
}

TEST_F(PrivateFolderTest, LeavesAnotherThatHasItsPathByNow) {
  PrivateFolder folder;
  ASSERT_EQ(folder.take(path_.c_str(), nullptr), nullptr);
  fs::rename(path_, base_ + "/moved");
  fs::create_directory(path_);
  write(path_ + "/file");
  EXPECT_TRUE(folder.remove());
  EXPECT_TRUE(fs::exists(path_ + "/file"));
}

TEST_F(PrivateFolderTest, SaysWhenSomethingIsLeft) {
  PrivateFolder folder;
  ASSERT_EQ(folder.take(path_.c_str(), nullptr), nullptr);
  std::string deep = path_;
  for (int i = 0; i < 12; ++i) deep += "/d";
  fs::create_directories(deep);
  EXPECT_FALSE(folder.remove());
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(PrivateFolderTest, TakesNoneThatMayBeOfUseToOthers) {
  EXPECT_EQ(wrong(path_), "");
  EXPECT_EQ(wrong("mine"), "is no absolute path");
  EXPECT_EQ(wrong(base_ + "/none"), "No such file or directory");
  fs::create_directory_symlink(path_, base_ + "/link");
  EXPECT_EQ(wrong(base_ + "/link"), "Not a directory");
  write(path_ + "/config.toml");
  EXPECT_EQ(wrong(path_, (path_ + "/config.toml").c_str()), "");
  const char* const not_new =
      "is not new: it is removed with the daemon, so it may hold the configuration and sockets only";
  EXPECT_EQ(wrong(path_), not_new);
  EXPECT_EQ(wrong(path_, (path_ + "/a/config.toml").c_str()), not_new);
  EXPECT_EQ(wrong(path_, (base_ + "/min/config.toml").c_str()), not_new);
  fs::remove(path_ + "/config.toml");
  fs::create_directory(path_ + "/work");
  EXPECT_EQ(wrong(path_), not_new);
  fs::remove(path_ + "/work");
  ASSERT_EQ(::chmod(path_.c_str(), 0750), 0);
  EXPECT_EQ(wrong(path_), "is open to other users: make it with mode 0700");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
    ASSERT_EQ(::chown(path_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(wrong(path_), "is another user's");
  }
}

}  // namespace
}  // namespace ringmaster::daemon
