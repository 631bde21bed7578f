#include "daemon/core/machine/memory_peak.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

TEST(MemoryPeak, IsOverWhenAQuarterIsLeft) {
  MemoryPeak peak;
  EXPECT_TRUE(peak.use(mib(40)));
  EXPECT_FALSE(peak.is_over(mib(11)));
  EXPECT_TRUE(peak.is_over(mib(10)));
  EXPECT_FALSE(peak.is_over(mib(10))) << "once a peak";
  EXPECT_FALSE(peak.is_over(mib(3)));
  EXPECT_TRUE(peak.is_over(mib(2)));
}

TEST(MemoryPeak, SmallOnesAreNotWorthALook) {
  MemoryPeak peak;
  EXPECT_FALSE(peak.use(MemoryPeak::kWorthIt - Bytes{1}));
  EXPECT_FALSE(peak.is_over({}));
}

TEST(MemoryPeak, WhatIsLeftOfOneBeginsTheNext) {
  MemoryPeak peak;
  EXPECT_TRUE(peak.use(mib(8)));
  EXPECT_TRUE(peak.is_over({}));
  EXPECT_FALSE(peak.use(mib(1)));
  EXPECT_TRUE(peak.use(mib(5)));
  EXPECT_TRUE(peak.is_over(mib(1)));
}

}  // namespace
}  // namespace ringmaster::core
