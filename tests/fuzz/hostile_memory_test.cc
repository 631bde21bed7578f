#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/fuzz/hostile_memory.h"

namespace ringmaster::testing {
namespace {

TEST(HostileMemory, ScribbledSegmentsHarmNobodyButTheirOwner) {
  unsigned steps = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<std::uint8_t> script(4096);
    std::generate(script.begin(), script.end(), [&] { return static_cast<std::uint8_t>(random()); });
    steps += play_hostile_script(script);
  }
  EXPECT_GT(steps, 500'000U);
}

TEST(HostileMemory, HonestScriptsOfEveryStepRun) {
  std::vector<std::uint8_t> script;
  for (int round = 0; round < 200; ++round) {
    for (std::uint8_t kind = 0; kind < 10; ++kind) script.push_back(static_cast<std::uint8_t>(2 * kind + 1));
  }
  EXPECT_GT(play_hostile_script(script), 500U);
}

}  // namespace
}  // namespace ringmaster::testing
