#include "worker/process/process_name.h"

#include <gtest/gtest.h>

namespace ringmaster::worker {
namespace {

TEST(ProcessName, SaysPoolAndPlaceInFifteenBytes) {
  EXPECT_EQ(process_name("images", "0"), "rm:images[0]");
  EXPECT_EQ(process_name("a-pool-with-a-long-name", "0"), "rm:a-pool-wi[0]");
  EXPECT_EQ(process_name("a-pool-with-a-long-name", "255"), "rm:a-pool-[255]");
  EXPECT_EQ(process_name("", "1"), "rm:[1]");
  EXPECT_LE(process_name("x", "12345678901234567890").size(), 15u);
}

}  // namespace
}  // namespace ringmaster::worker
