#pragma once

#include "client/cli/console/options.h"

namespace ringmaster::cli {

/// Returns the exit status; prints errors to standard error.
int run_map(const CommonOptions& common, const MapCommand& command);

}  // namespace ringmaster::cli
