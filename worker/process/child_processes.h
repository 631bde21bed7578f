#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/process/leftovers.h"

/// The children of this process: seeing, ending and burying them. All threads' children, and the orphans that came to
/// it as their subreaper.
namespace ringmaster::worker {

/// One system call: is there any child, dead ones included?
[[nodiscard]] bool has_children() noexcept;

/// Reads /proc; a process that comes or goes meanwhile may be missed until the next time.
[[nodiscard]] std::vector<ChildProcess> list_children();

/// When `pid` was started, in clock ticks since boot; nullopt: there is no such process.
[[nodiscard]] std::optional<std::uint64_t> start_time_of(pid_t pid);

/// "sleep (pid 12)"
[[nodiscard]] std::string name_of_process(pid_t pid);

/// SIGKILL for a child and for everything below it. Nothing happens where `pid` is no child (any more).
void end_with_descendants(pid_t pid);

/// Takes the status of a dead child, if it is one still.
void reap_child(pid_t pid) noexcept;

}  // namespace ringmaster::worker
