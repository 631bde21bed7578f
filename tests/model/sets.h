#pragma once

#include <vector>

#include "tests/model/config.h"

namespace ringmaster::model {

/// The sets that CI explores in full; all must hold. Measured in README.md.
[[nodiscard]] std::vector<Config> ci_sets();

/// The subset for unoptimized or instrumented builds.
[[nodiscard]] std::vector<Config> small_sets();

/// Larger sets for scripts/model-large: minutes and gigabytes.
[[nodiscard]] std::vector<Config> large_sets();

/// The smallest set in which a mutation shows, with the mutation in it; the same set without it must hold.
[[nodiscard]] Config set_for(Mutation mutation);

/// What the mutation breaks, as explore() says it.
[[nodiscard]] std::string_view violation_of(Mutation mutation);

/// Every mutation but None.
[[nodiscard]] std::vector<Mutation> all_mutations();

}  // namespace ringmaster::model
