#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ringmaster::daemon {

/// The program that runs the stock handlers.
inline constexpr const char* kStockWorker = "ringmaster-worker";

/// Folders where the daemon's other programs may be, in order: beside the running program, as built or installed, then
/// the folder that it was built for.
[[nodiscard]] std::vector<std::string> program_folders();

/// The path of the program; if there is none, the path in the last folder: starting it reports the error.
[[nodiscard]] std::string find_program(const std::string& name, const std::vector<std::string>& folders);

/// An Error, with every folder, if the program cannot be found.
[[nodiscard]] Result<void> check_program(const std::string& name, const std::vector<std::string>& folders);

}  // namespace ringmaster::daemon
