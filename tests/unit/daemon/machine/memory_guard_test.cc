#include "daemon/machine/memory_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"

namespace ringmaster::daemon {
namespace {

namespace fs = std::filesystem;
using core::mib;

constexpr core::TimePoint kNow{std::chrono::seconds{100}};

/// A folder with the files of a memory cgroup.
class MemoryGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ringmaster-leaf-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    leaf_.reset(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    has("memory.max", std::to_string(mib(100).value) + "\n");
    uses(0, 0);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void has(const std::string& file, const std::string& text) const { std::ofstream(folder_ + "/" + file) << text; }
  void uses(std::uint64_t anonymous, std::uint64_t shared) const {
    has("memory.stat", "anon " + std::to_string(anonymous) + "\nfile 0\nshmem " + std::to_string(shared) + "\n");
  }
  /// What was written to memory.max since the last call; 0: nothing.
  [[nodiscard]] std::uint64_t written() const {
    std::uint64_t bytes = 0;
    std::ifstream(folder_ + "/memory.max") >> bytes;
    has("memory.max", "");
    return bytes;
  }

  std::string folder_;
  UniqueFd leaf_;
};

TEST_F(MemoryGuardTest, WritesTheLimitAsSessionsComeAndGo) {
  MemoryGuard guard(leaf_.get(), mib(100));
  has("memory.max", "");
  guard.give(1, mib(128));
  EXPECT_EQ(written(), mib(228).value);
  guard.give(2, mib(64));
  EXPECT_EQ(written(), mib(292).value);
  guard.returned(1);
  EXPECT_EQ(written(), 0U) << "with the next look";
  EXPECT_FALSE(guard.over(kNow));
  EXPECT_EQ(written(), mib(164).value);
}

TEST_F(MemoryGuardTest, TellsAWorkerThatIsOverByItsOwnMemory) {
  MemoryGuard guard(leaf_.get(), mib(100));
  guard.give(1, mib(512));
  uses(mib(90).value, mib(512).value);
  EXPECT_FALSE(guard.over(kNow));
  uses(mib(101).value, 0);
  EXPECT_FALSE(guard.over(kNow + std::chrono::milliseconds{50})) << "it has just looked";
  EXPECT_TRUE(guard.over(kNow + std::chrono::milliseconds{150}));
}

TEST_F(MemoryGuardTest, WithoutALeafOrALimitItDoesNothing) {
  MemoryGuard none;
  none.give(1, mib(1));
  EXPECT_FALSE(none.over(kNow));
  MemoryGuard unlimited(leaf_.get(), {});
  has("memory.max", "");
  unlimited.give(1, mib(1));
  uses(mib(4096).value, 0);
  EXPECT_FALSE(unlimited.over(kNow));
  EXPECT_EQ(written(), 0U);
}

TEST_F(MemoryGuardTest, AGroupThatIsGoneIsNoTrouble) {
  MemoryGuard guard(leaf_.get(), mib(100));
  fs::remove_all(folder_);
  guard.give(1, mib(128));
  EXPECT_FALSE(guard.over(kNow));
}

}  // namespace
}  // namespace ringmaster::daemon
