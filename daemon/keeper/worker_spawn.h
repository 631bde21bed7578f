#pragma once

#include <sys/resource.h>

#include <span>

#include "daemon/keeper/message_check.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// The limits that the keeper was started with. Workers get these, not the raised ones.
struct GivenLimits {
  rlimit descriptors{};
  rlimit file_size{};
};

/// Forks the worker of `request` into `slot`, which becomes Starting with an exec pipe to watch. `fds` are the
/// descriptors of the request (the cgroup's is last, if any). On failure the slot is unchanged, and the result has
/// stage and errno.
[[nodiscard]] daemon::SpawnFailure spawn_worker(SpawnRequest& request, std::span<UniqueFd> fds,
                                                const GivenLimits& given, WorkerEntry& slot) noexcept;

/// Reads the exec pipe of a Starting worker. It becomes Running if exec has succeeded; it stays Starting, with
/// `failure` set, if the child reports a failure (its death follows). No change while neither is known.
void read_exec_pipe(WorkerEntry& slot) noexcept;

}  // namespace ringmaster::keeper
