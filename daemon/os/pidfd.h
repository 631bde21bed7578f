#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A child's end as reported by waitid, with its resource usage.
struct ChildExit {
  pid_t pid = 0;
  int code = 0;    ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED
  int status = 0;  ///< exit code or signal
  rusage usage{};
};

/// Safe only while `pid` is an unreaped child of the caller. Empty with errno set on failure.
[[nodiscard]] UniqueFd open_pidfd(pid_t pid) noexcept;

/// 0 or an errno (ESRCH: it is dead already).
[[nodiscard]] int send_signal(int pidfd, int signal) noexcept;

/// Reads the status of a dead child without reaping it, so that its pid is not used again. 0: `exit` is filled in,
/// without usage; EAGAIN: it lives, or a ptrace tracer delays its end; ECHILD: not a child of the caller.
[[nodiscard]] int peek_exit(int pidfd, ChildExit& exit) noexcept;

/// Like peek_exit, but reaps the child.
[[nodiscard]] int reap_exit(int pidfd, ChildExit& exit) noexcept;

/// Reaps the child `pid` if it is dead: 0, EAGAIN or ECHILD.
[[nodiscard]] int reap_pid(pid_t pid) noexcept;

}  // namespace ringmaster::daemon
