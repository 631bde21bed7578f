#include "daemon/core/machine/cgroup_facts.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

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
