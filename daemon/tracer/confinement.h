#pragma once

namespace ringmaster::tracer {

/// What a tracer that a crafted file has taken over can still do: read, and answer. Takes away, for good: new programs
/// and processes, signals to others, sockets, writing to files or to other processes' memory, changes of names and
/// rights, mounts, the kernel's programs (seccomp; no right is needed). Where the kernel or the machine has no such
/// filter the limits of the supervisor stand alone. The last step before the first question.
void confine() noexcept;

}  // namespace ringmaster::tracer
