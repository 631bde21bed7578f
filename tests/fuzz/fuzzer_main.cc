#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/target.h"

namespace {

int write_seeds(const std::string& folder) {
  unsigned number = 0;
  for (const std::string& seed : ringmaster::fuzz::target().seeds()) {
    std::ofstream file(folder + "/seed-" + std::to_string(number++), std::ios::binary);
    file.write(seed.data(), static_cast<std::streamsize>(seed.size()));
    if (!file.flush()) return std::fprintf(stderr, "cannot write seeds into %s\n", folder.c_str()), 1;
  }
  return 0;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's names
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // `--seeds FOLDER`: writes the target's seeds there and ends.
  if (*argc == 3 && std::string_view((*argv)[1]) == "--seeds") std::exit(write_seeds((*argv)[2]));
  (void)ringmaster::fuzz::target().seeds();  // what they need once is there before anything is measured
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringmaster::fuzz::target().run({data, size});
  return 0;
}
// NOLINTEND(readability-identifier-naming)
