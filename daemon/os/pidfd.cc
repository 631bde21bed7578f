#include "daemon/os/pidfd.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace ringmaster::daemon {
namespace {

// The system call itself: glibc's waitid has no rusage argument.
int wait_child(idtype_t type, id_t id, int options, ChildExit& exit) noexcept {
  siginfo_t info{};
  while (::syscall(SYS_waitid, type, id, &info, WEXITED | WNOHANG | options, &exit.usage) != 0) {
    if (errno != EINTR) return errno;
  }
  if (info.si_pid == 0) return EAGAIN;
  exit.pid = info.si_pid;
  exit.code = info.si_code;
  exit.status = info.si_status;
  return 0;
}

}  // namespace

UniqueFd open_pidfd(pid_t pid) noexcept { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u))); }

int send_signal(int pidfd, int signal) noexcept {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0u) == 0 ? 0 : errno;
}

int peek_exit(int pidfd, ChildExit& exit) noexcept {
  return wait_child(P_PIDFD, static_cast<id_t>(pidfd), WNOWAIT, exit);
}

int reap_exit(int pidfd, ChildExit& exit) noexcept { return wait_child(P_PIDFD, static_cast<id_t>(pidfd), 0, exit); }

int reap_pid(pid_t pid) noexcept {
  ChildExit ignored;
  return wait_child(P_PID, static_cast<id_t>(pid), 0, ignored);
}

}  // namespace ringmaster::daemon
