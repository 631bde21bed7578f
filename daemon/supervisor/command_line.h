#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace ringmaster::daemon {

/// The options that the keeper, or a user, started this program with. A value.
struct SupervisorOptions {
  std::string config;  ///< empty: the embedded default
  std::string socket;  ///< empty: as configured
  std::optional<std::string> check;
  int keeper_fd = -1;
  int table_fd = -1;
  bool print_config = false;
  bool version = false;
  bool cold = false;
  bool owned = false;  ///< the daemon is for one process, and ends with it
};

/// `arguments`: without the program's name.
[[nodiscard]] Result<SupervisorOptions> parse_supervisor_options(std::span<const char* const> arguments);

}  // namespace ringmaster::daemon
