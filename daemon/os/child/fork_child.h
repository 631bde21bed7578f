#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A forked process. In the child `pid` is 0 and `pidfd` empty.
struct ForkedChild {
  pid_t pid = -1;
  UniqueFd pidfd;
  int error = 0;           ///< errno when pid is -1
  bool in_cgroup = false;  ///< it was created in the requested cgroup; false: it must enter by itself
};

/// clone3(CLONE_PIDFD), into `cgroup_fd` (an O_DIRECTORY descriptor of a cgroup v2 leaf) unless that is -1. If clone3
/// is forbidden or lacks the flag: fork and pidfd_open, which has no race because the child is not reaped yet. Like
/// fork: the caller must be single-threaded, or the child may only call async-signal-safe functions.
[[nodiscard]] ForkedChild fork_child(int cgroup_fd = -1) noexcept;

}  // namespace ringmaster::daemon
