#include "daemon/machine/cpu_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
namespace fs = std::filesystem;

/// A /proc and /sys made of files, removed with the test.
class CpuProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "cpu_probe_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    const fs::path file = root_ + path;
    fs::create_directories(file.parent_path());
    std::ofstream{file} << text;
  }
  std::string root_;
};

TEST_F(CpuProbe, ReadsTheQuotaOfEveryAncestorInCgroupV2) {
  write("/proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  write("/proc/self/cgroup", "0::/system.slice/ringmaster.service\n");
  write("/sys/fs/cgroup/system.slice/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/system.slice/ringmaster.service/cpu.max", "150000 100000\n");
  EXPECT_THAT(probe_cpus(root_).quotas,
              ElementsAre(core::CpuQuota{150ms, 100ms, "/sys/fs/cgroup/system.slice/ringmaster.service/cpu.max"}));
}

TEST_F(CpuProbe, ReadsCgroupV1InAContainerWhoseMountShowsItsOwnGroupAsTheTop) {
  write("/proc/self/mountinfo",
        "30 24 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "31 24 0:27 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
  write("/proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_THAT(probe_cpus(root_).quotas,
              ElementsAre(core::CpuQuota{200ms, 100ms, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"}));
}

TEST_F(CpuProbe, FindsNoQuotaWhereThereIsNoCgroup) {
  const auto facts = probe_cpus(root_);
  EXPECT_TRUE(facts.quotas.empty());
  EXPECT_GE(facts.online, 1U);
  EXPECT_GE(facts.affinity, 1U);
}

TEST(CpuProbeHere, DecidesOnSomethingForThisMachine) {
  const auto decision = core::decide_cpus(probe_cpus());
  EXPECT_GE(decision.usable, 1U);
  EXPECT_FALSE(decision.why.empty());
}

}  // namespace
}  // namespace ringmaster::daemon
