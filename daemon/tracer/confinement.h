#pragma once

namespace ringmaster::tracer {

/// Limits a tracer, which a crafted file may have taken over, to reading and answering. A seccomp filter, which needs
/// no privilege, forbids for good: new programs and processes, signals to others, sockets, writing to files or to other
/// processes' memory, changes of names and permissions, mounts, BPF. If the kernel has no such filter, only the
/// supervisor's limits remain. The last step before the first question.
void confine() noexcept;

}  // namespace ringmaster::tracer
