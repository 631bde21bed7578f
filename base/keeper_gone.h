#pragma once

#include <signal.h>
#include <sys/types.h>

namespace ringmaster {

/// The signal that the kernel sends to the supervisor and the workers when the keeper dies. It can be caught, so that
/// they first end the processes they have started. No library uses SIGSTKFLT, and uncaught it kills.
inline constexpr int kKeeperGoneSignal = SIGSTKFLT;

/// Sends SIGKILL to each living child of process `of`; returns how many there were. If `of` is a subreaper, it becomes
/// the parent of their orphans, so a few passes end everything. Async-signal-safe, and allocates nothing.
unsigned kill_children(pid_t of) noexcept;

}  // namespace ringmaster
