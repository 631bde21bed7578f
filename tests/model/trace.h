#pragma once

#include <string>

#include "tests/model/expansion.h"

namespace ringmaster::model {

/// One line: who did what, on which slot.
[[nodiscard]] std::string describe(const Step& step);

/// A few lines: what is in memory and where everybody stands.
[[nodiscard]] std::string describe(const State& state, const Config& config);

}  // namespace ringmaster::model
