#pragma once

#include <signal.h>
#include <sys/types.h>

namespace ringmaster {

/// What the kernel sends to supervisor and workers when the keeper dies. A signal that can be caught, so that they end
/// what they have started before they end themselves; no library uses this one, and where nobody catches it it kills.
inline constexpr int kKeeperGoneSignal = SIGSTKFLT;

/// SIGKILL for each living child of process `of`; returns how many there were. Orphans below them become children of
/// `of` if that is a subreaper, so a few passes end everything. Async-signal-safe, and allocates nothing.
unsigned kill_children(pid_t of) noexcept;

}  // namespace ringmaster
