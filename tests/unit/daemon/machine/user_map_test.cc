#include "daemon/machine/user_map.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ringmaster::daemon {
namespace {

TEST(UserMap, TellsANamespaceThatLeavesUsersOut) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "user_map_XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto write = [&root](const std::string& path, const std::string& text) {
    fs::create_directories(fs::path{root + path}.parent_path());
    std::ofstream{root + path} << text;
  };
  EXPECT_FALSE(read_user_map(root).hides(65534)) << "what cannot be read leaves nobody out";
  write("/proc/sys/kernel/overflowuid", "4711\n");
  write("/proc/self/uid_map", "         0          0 4294967295\n");
  EXPECT_FALSE(read_user_map(root).hides(4711)) << "the user 4711 itself";
  write("/proc/self/uid_map", "         0          0          1\n       999        999          1\n");
  EXPECT_TRUE(read_user_map(root).hides(4711));
  EXPECT_FALSE(read_user_map(root).hides(999));
  EXPECT_FALSE(read_user_map(root).hides(65534));
  fs::remove_all(root);
}

}  // namespace
}  // namespace ringmaster::daemon
