#pragma once

namespace ringmaster::worker {

/// From now on, when the keeper dies, this worker ends whatever its jobs have started and then itself, also in the
/// middle of a job that hangs: in the handler of a signal that the kernel sends.
void end_with_keeper();

/// Kills the children of this process, and as their subreaper whatever they had started, until there is none; at most
/// for two seconds. Async-signal-safe.
void end_children() noexcept;

}  // namespace ringmaster::worker
