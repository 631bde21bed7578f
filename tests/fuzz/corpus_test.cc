// The one driver that runs a fuzz target as a plain test: over its corpus, its seeds, and changed copies of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/allocations.h"
#include "tests/fuzz/target.h"

// A sanitizer's own; absent without one. NOLINTNEXTLINE(bugprone-reserved-identifier): its name
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace ringmaster::fuzz {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Which input is run: whoever ends the process over it, a check or a sanitizer, has its bytes written to a file.
class Announced {
 public:
  Announced(std::string what, const std::string& bytes) : what_(std::move(what)), bytes_(bytes) { current = this; }
  ~Announced() { current = nullptr; }
  Announced(const Announced&) = delete;
  Announced& operator=(const Announced&) = delete;

  static void say() {
    if (current == nullptr) return;
    const fs::path path = fs::temp_directory_path() / ("ringmaster-fuzz-" + std::string(target().name) + "-input");
    std::ofstream(path, std::ios::binary) << current->bytes_;
    std::fprintf(stderr, "%s: ended by %s; it is in %s\n", target().name, current->what_.c_str(), path.c_str());
  }

  static inline const Announced* current = nullptr;

 private:
  std::string what_;
  const std::string& bytes_;
};

void say_and_die(int number) {
  std::signal(number, SIG_DFL);
  Announced::say();
  std::raise(number);
}

class Corpus : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (__sanitizer_set_death_callback != nullptr) return __sanitizer_set_death_callback(Announced::say);
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, say_and_die);
  }
};

void run_exactly(const std::string& what, const std::string& bytes) {
  const Announced announced(what, bytes);
  // On the heap without a byte to spare.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  reset_allocations();
  target().run(input);
  const Allocations used = allocations();
  const Cost& cost = target().cost;
  EXPECT_LE(used.peak_bytes, cost.live_bytes + cost.live_bytes_per_byte * bytes.size()) << what;
  EXPECT_LE(used.count, cost.allocations + cost.allocations_per_byte * bytes.size()) << what;
}

std::string changed(std::string bytes, std::mt19937_64& random) {
  const auto any = [&random](std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(random() % end); };
  for (std::size_t left = 1 + any(4); left > 0; --left) {
    const std::size_t at = any(bytes.size());
    switch (any(6)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << any(8));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.insert(at, 1 + any(8), static_cast<char>(random()));
        break;
      case 3:
        bytes.erase(at, 1 + any(8));
        break;
      case 4:  // a whole value that is at an end of its range
        for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i)
          bytes[at + i] = static_cast<char>(left % 2 == 0 ? 0 : 0xFF);
        break;
      default:
        bytes.insert(at, bytes.substr(any(bytes.size()), any(64)));
    }
  }
  return bytes;
}

TEST_F(Corpus, EveryInputKeepsWhatMustHold) {
  const fs::path folder = fs::path(RINGMASTER_CORPUS) / target().name;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  EXPECT_FALSE(files.empty()) << "no corpus in " << folder;
  for (const fs::path& file : files) {
    run_exactly(file.string(), read_file(file));
  }
}

TEST_F(Corpus, EverySeedKeepsItAndSoDoesEachOfItsBeginnings) {
  const std::vector<std::string> seeds = target().seeds();
  EXPECT_FALSE(seeds.empty());
  for (std::size_t number = 0; number < seeds.size(); ++number) {
    const std::string& seed = seeds[number];
    const std::string name = "seed " + std::to_string(number);
    run_exactly(name, seed);
    const std::size_t step = 1 + seed.size() / target().mutants;
    for (std::size_t size = 0; size < seed.size(); size += step) {
      run_exactly(name + ", its first " + std::to_string(size) + " bytes", seed.substr(0, size));
    }
  }
}

TEST_F(Corpus, ChangedSeedsKeepIt) {
  const std::vector<std::string> seeds = target().seeds();
  for (std::size_t number = 0; number < seeds.size(); ++number) {
    for (unsigned mutant = 0; mutant < target().mutants; ++mutant) {
      std::mt19937_64 random(number * 100'003 + mutant);
      run_exactly("seed " + std::to_string(number) + ", changed copy " + std::to_string(mutant),
                  changed(seeds[number], random));
    }
  }
}

}  // namespace
}  // namespace ringmaster::fuzz
