#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ringmaster::daemon {

/// The program that runs the stock handlers.
inline constexpr const char* kStockWorker = "ringmaster-worker";

/// Where the daemon's other programs may lie, first match wins: beside the running one as built or installed, then the
/// place that it was built for.
[[nodiscard]] std::vector<std::string> program_folders();

/// The last place where there is none: starting it tells.
[[nodiscard]] std::string find_program(const std::string& name, const std::vector<std::string>& folders);

/// An Error's text names every place.
[[nodiscard]] Result<void> check_program(const std::string& name, const std::vector<std::string>& folders);

}  // namespace ringmaster::daemon
