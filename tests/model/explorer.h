#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/model/config.h"

namespace ringmaster::model {

/// What an exploration found. `violation` is empty when every property held in every state that was visited.
struct Verdict {
  std::string violation;
  std::string trace;  // one line per step from the start, then the state it led to
  size_t states = 0;
  size_t steps = 0;
  size_t depth = 0;
  double seconds = 0;
  bool exhausted = true;  // false: `max_states` was reached, so nothing is proved

  [[nodiscard]] bool holds() const { return violation.empty() && exhausted; }
};

/// Visits every reachable state breadth first (so that a trace is a shortest one), checks each step, then computes
/// backwards from the complete states which states can still be completed without help of the environment.
/// States are remembered by a 64-bit hash seeded with `seed`: at n states two of them are taken for one with a
/// probability of about n^2 / 2^65 (10^7 states: 3 in a million); another seed is another, independent proof.
[[nodiscard]] Verdict explore(const Config& config, size_t max_states = 200'000'000, uint64_t seed = 1);

}  // namespace ringmaster::model
