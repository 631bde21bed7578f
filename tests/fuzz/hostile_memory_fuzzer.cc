#include <cstddef>
#include <cstdint>

#include "tests/fuzz/hostile_memory.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)ringmaster::testing::play_hostile_script({data, size});
  return 0;
}
