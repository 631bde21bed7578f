#include "daemon/core/machine/cgroup_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
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

TEST(DelegatedFolder, IsTheOwnOneOrTheParentOfDaemon) {
  EXPECT_EQ(delegated_folder("/sys/fs/cgroup/r.service"), "/sys/fs/cgroup/r.service");
  EXPECT_EQ(delegated_folder("/sys/fs/cgroup/r.service/daemon"), "/sys/fs/cgroup/r.service");
  EXPECT_EQ(delegated_folder("/sys/fs/cgroup/r.service/my-daemon"), "/sys/fs/cgroup/r.service/my-daemon");
}

TEST(MemoryEvents, CountOutOfMemoryKills) {
  EXPECT_EQ(oom_kills_of("low 0\nhigh 0\nmax 17\noom 2\noom_kill 3\noom_group_kill 1\n"), 3U);
  EXPECT_EQ(oom_kills_of("oom 2\noom_kill 0\n"), 0U);
  EXPECT_EQ(oom_kills_of("oom 2\noom_group_kill 1\n"), std::nullopt);
  EXPECT_EQ(oom_kills_of(""), std::nullopt);
}

TEST(HasWord, FindsWholeWords) {
  EXPECT_TRUE(has_word("cpuset cpu memory pids\n", "memory"));
  EXPECT_TRUE(has_word("pids\n", "pids"));
  EXPECT_FALSE(has_word("cpuset\n", "cpu"));
  EXPECT_FALSE(has_word("\n", "memory"));
}

TEST(WorkerLeaf, ComesBackAndOtherNamesDoNot) {
  EXPECT_EQ(worker_leaf(12, 3), "w12.3");
  EXPECT_EQ(parse_worker_leaf("w12.3"), (std::pair<std::uint32_t, std::uint32_t>{12, 3}));
  for (const char* other :
       {"", "w", "w.", "w1", "w1.", "w.1", "x1.1", "w1.1.1", "w-1.1", "w1.x", "daemon", "..", "w99999999999.1"}) {
    EXPECT_EQ(parse_worker_leaf(other), std::nullopt) << other;
  }
}

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(OomBaseline, AKillOfDaysAgoSaysNothingAboutADeathNow) {
  OomBaseline baseline;
  baseline.note(1 * kSecond, 5);
  baseline.note(2 * kSecond, 6);  // somebody else's process
  EXPECT_TRUE(baseline.rose(6, 5)) << "it may be reported a moment after the look";
  baseline.note(3 * kSecond, 6);
  EXPECT_FALSE(baseline.rose(6, 5));
  EXPECT_TRUE(baseline.rose(7, 5));
}

TEST(OomBaseline, AKillBeforeTheWorkersStartSaysNothingEither) {
  OomBaseline baseline;
  baseline.note(1 * kSecond, 5);
  EXPECT_FALSE(baseline.rose(6, 6));
}

TEST(OomBaseline, IsLookedAtAtMostOnceASecond) {
  OomBaseline baseline;
  EXPECT_TRUE(baseline.due(7 * kSecond));
  baseline.note(7 * kSecond, 0);
  EXPECT_FALSE(baseline.due(7 * kSecond + kSecond / 2));
  EXPECT_TRUE(baseline.due(8 * kSecond));
}

}  // namespace
}  // namespace ringmaster::core
