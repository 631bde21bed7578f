#pragma once

namespace ringmaster::worker {

/// From now on, when the keeper dies, this worker kills what its jobs have started and then ends itself. The kernel
/// sends a signal, whose handler does this even in the middle of a job that hangs.
void end_with_keeper();

/// Kills the children of this process and, as their subreaper, all their descendants; gives up after two seconds.
/// Async-signal-safe.
void end_children() noexcept;

}  // namespace ringmaster::worker
