#pragma once

#include <sys/resource.h>

#include <span>

#include "daemon/keeper/message_check.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// The limits that the keeper was started with: the raised ones are not for workers.
struct GivenLimits {
  rlimit descriptors{};
  rlimit file_size{};
};

/// Forks the worker of `request` into `slot`, which becomes Starting with an exec pipe to watch. `fds` are the
/// descriptors that came along (the cgroup's last, if any). On failure the slot is untouched and the
/// result tells stage and errno.
[[nodiscard]] daemon::SpawnFailure spawn_worker(SpawnRequest& request, std::span<UniqueFd> fds,
                                                const GivenLimits& given, WorkerEntry& slot) noexcept;

/// Reads the exec pipe of a Starting worker: Running once exec has happened; still Starting with `failure` set when the
/// child said that it failed (its death follows). No change while neither is known.
void read_exec_pipe(WorkerEntry& slot) noexcept;

}  // namespace ringmaster::keeper
