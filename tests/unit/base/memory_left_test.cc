#include "base/memory_left.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace ringmaster {
namespace {

using Files = std::map<std::string, std::string>;

std::string text_in(const Files& files, const std::string& path) {
  const auto at = files.find(path);
  return at == files.end() ? std::string{} : at->second;
}

std::uint64_t left_by(const Files& files) {
  return MemoryLook([&](const std::string& path) { return text_in(files, path); }).left();
}

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(MemoryLeft, ReadsWhatTheMachineHas) {
  EXPECT_EQ(available_of("MemTotal:  9 kB\nMemAvailableX: 1 kB\nMemAvailable:    12 kB\nBuffers: 1 kB\n"), 12U * 1024);
  EXPECT_FALSE(available_of("MemTotal: 9 kB\n"));
  EXPECT_FALSE(available_of("MemAvailable"));
  EXPECT_FALSE(available_of("MemAvailable: lots\n"));
}

TEST(MemoryLeft, CountsCacheOfACgroupThatCanBeDropped) {
  EXPECT_EQ(left_in_cgroup("1000\n", "700\n", "anon 5\ninactive_file 100\n"), 400U);
  EXPECT_EQ(left_in_cgroup("1000", "700", "inactive_file 50\ntotal_inactive_file 200\n"), 500U) << "v1";
  EXPECT_EQ(left_in_cgroup("1000", "700", ""), 300U);
  EXPECT_EQ(left_in_cgroup("1000", "1200", ""), 0U);
  EXPECT_EQ(left_in_cgroup("1000", "100", "inactive_file 200\n"), 1000U);
  EXPECT_FALSE(left_in_cgroup("max", "700", ""));
  EXPECT_FALSE(left_in_cgroup("9223372036854771712", "700", "")) << "v1 without a limit";
  EXPECT_FALSE(left_in_cgroup("", "", ""));
}

TEST(MemoryLeft, IsWhatTheTightestAncestorLeaves) {
  Files files{{"/proc/meminfo", "MemAvailable: 4194304 kB\n"},
              {"/proc/self/mountinfo", "30 24 0:26 / /mnt/groups rw - cgroup2 none rw\n"},
              {"/proc/self/cgroup", "0::/jobs.slice/r.service/daemon\n"}};
  EXPECT_EQ(left_by(files), 4096 * kMiB);
  files["/mnt/groups/jobs.slice/r.service/memory.max"] = "max\n";
  files["/mnt/groups/jobs.slice/r.service/memory.current"] = "1\n";
  files["/mnt/groups/jobs.slice/memory.max"] = "1073741824\n";
  files["/mnt/groups/jobs.slice/memory.current"] = "1048576\n";
  EXPECT_EQ(left_by(files), 1023 * kMiB);
  files["/mnt/groups/jobs.slice/memory.current"] = "1073741824\n";
  files["/mnt/groups/jobs.slice/memory.stat"] = "anon 1\nfile 9\ninactive_file 524288000\nactive_file 1\n";
  EXPECT_EQ(left_by(files), 500 * kMiB) << "a full cache is no full memory";
}

TEST(MemoryLeft, IsLimitedByAGroupOfTheOldKindToo) {
  EXPECT_EQ(left_by({{"/proc/meminfo", "MemAvailable: 4194304 kB\n"},
                     {"/proc/self/mountinfo", "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"},
                     {"/proc/self/cgroup", "4:memory:/job\n0::/other\n"},
                     {"/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "2097152\n"},
                     {"/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1048576\n"}}),
            kMiB);
}

TEST(MemoryLeft, IsReadAnewInTheGroupsThatWereFoundOnce) {
  Files files{{"/proc/self/mountinfo", "30 24 0:26 / /mnt/groups rw - cgroup2 none rw\n"},
              {"/proc/self/cgroup", "0::/job\n"},
              {"/mnt/groups/job/memory.max", "2097152\n"},
              {"/mnt/groups/job/memory.current", "0\n"}};
  std::map<std::string, int> reads;
  const MemoryLook look([&](const std::string& path) {
    ++reads[path];
    return text_in(files, path);
  });
  EXPECT_EQ(look.left(), 2 * kMiB);
  files["/mnt/groups/job/memory.current"] = "1048576\n";
  EXPECT_EQ(look.left(), kMiB);
  EXPECT_EQ(reads["/proc/self/mountinfo"], 1) << "it is long where much is mounted";
  EXPECT_EQ(reads["/proc/self/cgroup"], 1);
}

TEST(MemoryLeft, IsWithoutALimitWhereNothingCanBeRead) {
  EXPECT_EQ(left_by({}), std::numeric_limits<std::uint64_t>::max());
}

TEST(MemoryLeft, IsSomethingHere) { EXPECT_GT(MemoryLook().left(), 0U); }

}  // namespace
}  // namespace ringmaster
