#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A forked process as its parent sees it. In the child `pid` is 0 and `pidfd` empty.
struct ForkedChild {
  pid_t pid = -1;
  UniqueFd pidfd;
  int error = 0;           ///< errno when pid is -1
  bool in_cgroup = false;  ///< it was born in the cgroup asked for; else it has to enter by itself
};

/// clone3(CLONE_PIDFD), into `cgroup_fd` (an O_DIRECTORY descriptor of a cgroup v2 leaf) unless that is -1. Where
/// clone3 is forbidden or lacks the flag: fork and pidfd_open, which is as race-free because the child is not reaped
/// yet. Behaves like fork: the caller must be single-threaded, or the child only call async-signal-safe functions.
[[nodiscard]] ForkedChild fork_child(int cgroup_fd = -1) noexcept;

}  // namespace ringmaster::daemon
