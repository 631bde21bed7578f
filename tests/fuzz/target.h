#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// A fuzz target: one parser or state machine that reads untrusted input, and what must hold for every input. The same
/// code runs under libFuzzer (the fuzz preset) and, over its seeds and its corpus, as a plain test.
namespace ringmaster::fuzz {

using Input = std::span<const std::uint8_t>;

/// The cost that one input may cause. Counted in bytes, so it is the same on every machine (not under sanitizers).
struct Cost {
  std::size_t live_bytes = std::size_t{4} << 20;  ///< most bytes of the heap in use at once, whatever the input
  std::size_t live_bytes_per_byte = 256;          ///< and so many more for each byte of it
  std::size_t allocations = 20'000;
  std::size_t allocations_per_byte = 64;
};

struct Target {
  const char* name;  ///< of its folder in tests/fuzz/corpus
  /// Ends the process by RM_CHECK if a property does not hold. Depends only on `input`.
  void (*run)(Input input);
  /// Inputs that a friendly peer sends, of every kind: where fuzzing starts.
  std::vector<std::string> (*seeds)();
  Cost cost{};
  /// How many changed copies of each seed the plain test tries, and how many of its beginnings.
  unsigned mutants = 1000;
};

/// Each target's program defines its own.
[[nodiscard]] const Target& target();

}  // namespace ringmaster::fuzz
