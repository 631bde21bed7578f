#include "daemon/machine/memory_room.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ringmaster {
namespace {

TEST(MemoryRoom, ReadsMeminfo) {
  const char* text = "MemTotal:  8000 kB\nMemAvailableX: 1 kB\nMemAvailable:    4096 kB\nSwapFree: 0 kB\n";
  EXPECT_EQ(meminfo_value(text, "MemAvailable"), core::mib(4));
  EXPECT_EQ(meminfo_value(text, "SwapFree"), core::Bytes{});
  EXPECT_FALSE(meminfo_value(text, "Cached").has_value());
  EXPECT_FALSE(meminfo_value("MemAvailable", "MemAvailable").has_value());
  EXPECT_FALSE(meminfo_value("MemAvailable: lots\n", "MemAvailable").has_value());
}

TEST(MemoryRoom, IsTheLeastOfMachineAndCgroup) {
  EXPECT_EQ(room_of(core::gib(4), {std::nullopt, core::gib(9)}), core::gib(4));
  EXPECT_EQ(room_of(core::gib(4), {core::gib(1), core::mib(1000)}), core::mib(24));
  EXPECT_EQ(room_of(core::gib(4), {core::gib(1), core::gib(2)}), core::Bytes{});
}

TEST(MemoryRoom, IsWhatTheTightestAncestorLeaves) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "memory_room_XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto write = [&root](const std::string& path, const std::string& text) {
    fs::create_directories(fs::path{root + path}.parent_path());
    std::ofstream{root + path} << text;
  };
  write("/proc/meminfo", "MemAvailable: 4194304 kB\n");
  write("/proc/self/mountinfo", "30 24 0:26 / /mnt/groups rw - cgroup2 none rw\n");
  write("/proc/self/cgroup", "0::/jobs.slice/r.service/daemon\n");
  EXPECT_EQ(memory_room(root), core::gib(4));
  write("/mnt/groups/jobs.slice/r.service/memory.max", "max\n");
  write("/mnt/groups/jobs.slice/r.service/memory.current", "1\n");
  write("/mnt/groups/jobs.slice/memory.max", "1073741824\n");
  write("/mnt/groups/jobs.slice/memory.current", "1048576\n");
  EXPECT_EQ(memory_room(root), core::mib(1023));
  fs::remove_all(root);
}

}  // namespace
}  // namespace ringmaster
