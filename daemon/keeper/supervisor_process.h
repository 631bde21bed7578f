#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "base/unique_fd.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// What every supervisor of this keeper is started with. The pointers are to the keeper's own arguments.
struct SupervisorProgram {
  UniqueFd binary;               ///< O_PATH: a successor is the same program even if the file has been replaced
  const char* path = nullptr;    ///< for messages, and used if execveat is forbidden
  const char* config = nullptr;  ///< --config, or nullptr
  const char* socket = nullptr;  ///< --socket, or nullptr
  bool owned = false;            ///< --owner-fd: the daemon is for one process
};

/// Finds ringmaster-supervisor: beside the keeper, in ../libexec/ringmaster, or in the installation's folder. False,
/// with a line for the user, if there is none. REQUIRES: `path_buffer` lives as long as the program.
[[nodiscard]] bool find_supervisor(SupervisorProgram& program, char* path_buffer, std::size_t size) noexcept;

/// Replaces this process by the supervisor's program with `argv`. Returns (an errno) only on failure.
[[nodiscard]] int exec_supervisor(const SupervisorProgram& program, const char* const* argv) noexcept;

/// The supervisor that runs now.
struct SupervisorProcess {
  pid_t pid = 0;  ///< 0: none runs
  UniqueFd pidfd;
  UniqueFd link;
};

/// Starts supervisor number `ordinal` with a link, the inherited table and all deposits. 0 or an errno.
[[nodiscard]] int start_supervisor(const SupervisorProgram& program, std::uint32_t ordinal, bool cold,
                                   const DepositTable& deposits, WorkerTable& workers,
                                   SupervisorProcess& process) noexcept;

}  // namespace ringmaster::keeper
