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

/// What a supervisor needs at its start, read and checked. A value that main() fills step by step.
struct SupervisorStart {
  keeper::InheritedTable table;
  UniqueFd keeper;
  bool cold = false;
  config::Config config;              ///< with the number of workers of each pool
  config::InheritedConfig inherited;  ///< its text, for successors
  std::vector<std::string> warnings;  ///< of the configuration
  core::CpuDecision cpus;
  std::string socket_path;
};

// The steps, in order. An Error's `code` is the exit code of the keeper's protocol.

/// Takes the link to the keeper and the keeper's table.
[[nodiscard]] Result<void> take_link(const SupervisorOptions& options, SupervisorStart& start);
/// Loads the configuration: the first supervisor reads the file; a successor uses the text and the number of CPUs that
/// the first one found, even if file and machine have changed.
[[nodiscard]] Result<void> load_configuration(const std::string& path, SupervisorStart& start);
/// Chooses the socket's path; checks that its folder is safe, and creates the folder if it may.
[[nodiscard]] Result<void> choose_socket(const std::string& wish, SupervisorStart& start);

/// Whether clients may create pools, if the configuration does not say. `owned`: the daemon is for one process.
/// REQUIRES: choose_socket was called.
void decide_created_pools(bool owned, SupervisorStart& start);

/// The service manager's socket, if no supervisor has served it yet; -1: none.
[[nodiscard]] int unserved_listener(const keeper::InheritedTable& table);

}  // namespace ringmaster::daemon
