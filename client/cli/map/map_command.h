#pragma once

#include "client/cli/console/options.h"

namespace ringmaster::cli {

/// Returns the exit status and has said on standard error what went wrong.
int run_map(const CommonOptions& common, const MapCommand& command);

}  // namespace ringmaster::cli
