#include "daemon/os/child/fork_child.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "daemon/os/pidfd.h"

namespace ringmaster::daemon {
namespace {

pid_t clone_with_pidfd(int cgroup_fd, int& pidfd) noexcept {
  clone_args args{};
  args.flags = CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0);
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  args.cgroup = cgroup_fd >= 0 ? static_cast<std::uint64_t>(cgroup_fd) : 0;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// Without memory or processes fork would fail too; any other error may be special to clone3.
bool worth_a_fork(int error) { return error != EAGAIN && error != ENOMEM && error != EMFILE && error != ENFILE; }

}  // namespace

ForkedChild fork_child(int cgroup_fd) noexcept {
  ForkedChild child;
  int pidfd = -1;
  child.pid = clone_with_pidfd(cgroup_fd, pidfd);
  if (child.pid > 0) child.pidfd.reset(pidfd);
  if (child.pid >= 0) {
    child.in_cgroup = cgroup_fd >= 0;
    return child;
  }
  child.error = errno;
  if (!worth_a_fork(child.error)) return child;
  child.pid = ::fork();
  child.error = child.pid < 0 ? errno : 0;
  if (child.pid <= 0) return child;
  child.pidfd = open_pidfd(child.pid);
  if (!child.pidfd) {
    child.error = errno;
    ::kill(child.pid, SIGKILL);
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    child.pid = -1;
  }
  return child;
}

}  // namespace ringmaster::daemon
