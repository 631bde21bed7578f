#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/config/config_load.h"
#include "daemon/core/machine/cpu_count.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/supervisor/command_line.h"

namespace ringmaster::daemon {

/// What a supervisor is started with, read and checked. A value; the program's main fills it step by step.
struct SupervisorStart {
  keeper::InheritedTable table;
  UniqueFd keeper;
  bool cold = false;
  config::Config config;              ///< workers of each pool resolved
  config::InheritedConfig inherited;  ///< what it was read from, for successors
  std::vector<std::string> warnings;  ///< of the configuration
  core::CpuDecision cpus;
  std::string socket_path;
};

// The steps, in order. An Error's `code` is the exit code of the keeper's protocol.

/// The link to the keeper and its table.
[[nodiscard]] Result<void> take_link(const SupervisorOptions& options, SupervisorStart& start);
/// The configuration that this supervisor serves: the file's for the first one; a successor goes by the text and the
/// CPUs that the first one found, whatever file and machine say by now.
[[nodiscard]] Result<void> load_configuration(const std::string& path, SupervisorStart& start);
/// Where the socket is to be; its folder is safe, and made if it may be.
[[nodiscard]] Result<void> choose_socket(const std::string& wish, SupervisorStart& start);

/// The socket that the service manager gave to the first supervisor, while nobody else has served it; -1: none.
[[nodiscard]] int unserved_listener(const keeper::InheritedTable& table);

}  // namespace ringmaster::daemon
