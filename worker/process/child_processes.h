#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/process/leftovers.h"

/// Finds, kills and reaps the children of this process: those of all its threads, and the orphans that it got as a
/// subreaper.
namespace ringmaster::worker {

/// True if there is any child, dead ones included. One system call.
[[nodiscard]] bool has_children() noexcept;

/// The children, by /proc; a process that starts or ends meanwhile may be missed.
[[nodiscard]] std::vector<ChildProcess> list_children();

/// When `pid` was started, in clock ticks since boot; nullopt: there is no such process.
[[nodiscard]] std::optional<std::uint64_t> start_time_of(pid_t pid);

/// "sleep (pid 12)"
[[nodiscard]] std::string name_of_process(pid_t pid);

/// Sends SIGKILL to a child and all its descendants. Does nothing if `pid` is not a child.
void end_with_descendants(pid_t pid);

/// Reaps `pid` if it is a dead child of this process.
void reap_child(pid_t pid) noexcept;

}  // namespace ringmaster::worker
