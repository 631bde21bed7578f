#include "base/cgroup_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kHybrid =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
    "36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(CgroupMounts, OnAHybridMachineAreTheControllersAndTheUnifiedOne) {
  EXPECT_THAT(cgroup_mounts(kHybrid, "memory"), ElementsAre(CgroupMount{"/sys/fs/cgroup/memory", "/", false},
                                                            CgroupMount{"/sys/fs/cgroup/unified", "/", true}));
  EXPECT_THAT(cgroup_mounts(kHybrid, "cpu"), ElementsAre(CgroupMount{"/sys/fs/cgroup/cpu,cpuacct", "/", false},
                                                         CgroupMount{"/sys/fs/cgroup/unified", "/", true}));
}

TEST(CgroupMounts, OnAV2MachineAreOne) {
  EXPECT_THAT(cgroup_mounts("30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", "cpu"),
              ElementsAre(CgroupMount{"/sys/fs/cgroup", "/", true}));
}

TEST(CgroupMounts, AreReadWithTheirEscapesAndGarbageIsLeftOut) {
  EXPECT_THAT(cgroup_mounts("30 24 0:26 /a\\040b /mnt/c\\134d rw - cgroup2 none rw", "cpu"),
              ElementsAre(CgroupMount{"/mnt/c\\d", "/a b", true}));
  EXPECT_THAT(cgroup_mounts("", "cpu"), IsEmpty());
  EXPECT_THAT(cgroup_mounts("\n30\n - \n - cgroup2\n", "cpu"), IsEmpty());
}

TEST(CgroupOf, FindsTheUnifiedOneAndThatOfAController) {
  const std::string_view text = "4:memory:/job/a\n3:cpu,cpuacct:/b:c\n9:name=systemd:/\n0::/unified\n";
  EXPECT_EQ(cgroup_of(text, true, "memory"), "/unified");
  EXPECT_EQ(cgroup_of(text, false, "memory"), "/job/a");
  EXPECT_EQ(cgroup_of(text, false, "cpuacct"), "/b:c");
  EXPECT_EQ(cgroup_of(text, false, "pids"), std::nullopt);
  EXPECT_EQ(cgroup_of("4:memory:/x\n", true, ""), std::nullopt);
}

TEST(CgroupFolder, IsBelowTheMount) {
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/", true}, "/system.slice/r.service"),
            "/sys/fs/cgroup/system.slice/r.service");
}

TEST(CgroupFolder, AtTheTopOfANamespaceIsTheMountItself) {
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/", true}, "/"), "/sys/fs/cgroup");
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/docker/abc", false}, "/docker/abc"), "/sys/fs/cgroup");
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/docker/abc", false}, "/docker/abc/x"), "/sys/fs/cgroup/x");
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/docker/abc", false}, "/docker/abcdef"), "/sys/fs/cgroup/docker/abcdef");
  EXPECT_EQ(cgroup_folder({"/sys/fs/cgroup", "/", true}, "/../outside"), std::nullopt);
}

TEST(CgroupFolders, GoUpToTheMount) {
  EXPECT_THAT(cgroup_folders({"/c", "/", true}, "/a/b"), ElementsAre("/c/a/b", "/c/a", "/c"));
  EXPECT_THAT(cgroup_folders({"/c", "/", true}, "/"), ElementsAre("/c"));
  EXPECT_THAT(cgroup_folders({"/c", "/", true}, "/.."), ElementsAre("/c"));
}

TEST(HasWord, FindsWholeWords) {
  EXPECT_TRUE(has_word("cpuset cpu memory pids\n", "memory"));
  EXPECT_TRUE(has_word("pids\n", "pids"));
  EXPECT_FALSE(has_word("cpuset\n", "cpu"));
  EXPECT_FALSE(has_word("\n", "memory"));
}

}  // namespace
}  // namespace ringmaster
