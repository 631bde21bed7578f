#pragma once

#include <string>
#include <vector>

#include "client/cli/console/options.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/map/map_plan.h"

namespace ringmaster::cli {

/// All reasons to refuse a `map` before its first job, one line each; empty: none. Makes the folder for the results and
/// tries it out, checks every input and output, and fills in the inputs' sizes. A missing input is no such reason: only
/// its own job fails.
[[nodiscard]] std::vector<std::string> find_problems(const MapCommand& command, std::vector<MapItem>& items,
                                                     ResultWriter& writer);

}  // namespace ringmaster::cli
