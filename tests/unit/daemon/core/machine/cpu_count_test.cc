#include "daemon/core/machine/cpu_count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(CpuCount, TakesTheAffinityMaskWhereThereIsNoQuota) {
  const auto decision = decide_cpus({.online = 8, .affinity = 3, .quotas = {}});
  EXPECT_EQ(decision.usable, 3U);
  EXPECT_EQ(decision.why, "3 CPUs usable: affinity mask allows 3 of 8 CPUs, no CPU quota");
}

TEST(CpuCount, TakesTheTightestQuotaRoundedDownButAtLeastOne) {
  CpuFacts facts{.online = 8, .affinity = 8, .quotas = {{400ms, 100ms, "/a"}, {250ms, 100ms, "/a/b"}}};
  EXPECT_EQ(decide_cpus(facts).usable, 2U);
  EXPECT_THAT(decide_cpus(facts).why, HasSubstr("quota of 2.50 CPUs (/a/b)"));
  facts.quotas.push_back({5ms, 100ms, "/a/b/c"});
  EXPECT_EQ(decide_cpus(facts).usable, 1U);
}

TEST(CpuCount, NeverExceedsTheMaskForALargeQuota) {
  EXPECT_EQ(decide_cpus({.online = 2, .affinity = 2, .quotas = {{800ms, 100ms, "/"}}}).usable, 2U);
}

TEST(CpuCount, FallsBackToTheOnlineCpus) {
  EXPECT_EQ(decide_cpus({.online = 4, .affinity = 0, .quotas = {}}).usable, 4U);
}

TEST(CpuCount, ReadsBothGenerationsOfCgroups) {
  EXPECT_EQ(parse_cpu_max("150000 100000\n", "f"), (CpuQuota{150ms, 100ms, "f"}));
  EXPECT_EQ(parse_cpu_max("max 100000\n", "f"), std::nullopt);
  EXPECT_EQ(parse_cfs_quota("50000\n", "100000\n", "f"), (CpuQuota{50ms, 100ms, "f"}));
  EXPECT_EQ(parse_cfs_quota("-1\n", "100000\n", "f"), std::nullopt);
  for (const char* text : {"", "max", "1", "x y", "100000 0", "100000 -5", "99999999999999999999 100000", "1 2 3"}) {
    EXPECT_EQ(parse_cpu_max(text, "f"), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace ringmaster::core
