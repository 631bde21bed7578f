#include "tests/integration/errno_walk/errno_plan.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace ringmaster::testing {
namespace {

struct Row {
  long number;
  const char* name;
  std::vector<int> errnos;
};

#define ROW(name, ...)                 \
  Row {                                \
    SYS_##name, #name, { __VA_ARGS__ } \
  }

// Not here: what cannot fail by its surroundings (epoll_ctl's MOD and DEL, F_SETFD, timerfd_settime, brk, which the C
// library makes up for), and munmap, whose failure glibc takes for its own bug.
const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      ROW(read, EINTR, EAGAIN, EIO),
      ROW(write, EINTR, EAGAIN, EIO, ENOSPC, EPERM),
      ROW(pread64, EINTR, EIO),
      ROW(pwrite64, EINTR, EIO, ENOSPC),
      ROW(writev, EINTR, EAGAIN, EIO, ENOSPC),
      ROW(openat, EMFILE, ENFILE, ENOMEM, EPERM, EINTR),
      ROW(close, EINTR, EIO, ENOSPC),
      ROW(socket, EMFILE, ENFILE, ENOMEM),
      ROW(socketpair, EMFILE, ENFILE, ENOMEM),
      ROW(accept4, EMFILE, ENFILE, ENOMEM, EPERM, EINTR, EAGAIN),
      ROW(connect, EAGAIN, EINTR, EPERM),
      ROW(sendmsg, EPERM, EMFILE, ENOMEM, EINTR, EAGAIN),
      ROW(sendto, ENOMEM, EPERM, EINTR, EAGAIN),
      ROW(recvmsg, ENOMEM, EINTR, EAGAIN),
      ROW(recvfrom, ENOMEM, EINTR, EAGAIN),
      ROW(ppoll, EINTR, ENOMEM),
      ROW(epoll_pwait, EINTR),
      ROW(epoll_create1, EMFILE, ENFILE, ENOMEM),
      ROW(epoll_ctl, ENOSPC, ENOMEM, EPERM),
      ROW(pipe2, EMFILE, ENFILE),
      ROW(eventfd2, ENFILE, EMFILE, ENOMEM),
      ROW(memfd_create, ENOMEM, EMFILE, ENFILE, EPERM),
      ROW(inotify_init1, EMFILE, ENFILE, ENOMEM),
      ROW(inotify_add_watch, ENOSPC, ENOMEM),
      ROW(pidfd_open, EMFILE, ENFILE, ENOMEM),
      ROW(timerfd_create, EMFILE, ENFILE, ENOMEM),
      ROW(signalfd4, EMFILE, ENFILE, ENOMEM),
      ROW(dup, EMFILE),
      ROW(fcntl, EMFILE),
      ROW(ioctl, ENOMEM),
      ROW(mmap, ENOMEM, EAGAIN, ENFILE, EPERM),
      ROW(mprotect, ENOMEM),
      ROW(mremap, ENOMEM),
      ROW(madvise, ENOMEM, EAGAIN),
      ROW(ftruncate, EIO, EINTR, EPERM),
      ROW(fallocate, ENOSPC, EIO, EINTR, ENOSYS, EPERM),
      ROW(fchmod, EIO, EPERM),
      ROW(fchmodat, EIO, EPERM),
      ROW(fchownat, EIO, EPERM),
      ROW(fstat, ENOMEM),
      ROW(newfstatat, ENOMEM),
      ROW(statx, ENOMEM),
      ROW(fstatfs, EIO, EINTR, ENOMEM, ENOSYS),
      ROW(readlinkat, EIO, ENOMEM),
      ROW(faccessat, EIO, ENOMEM),
      ROW(unlinkat, EIO, ENOMEM, EPERM),
      ROW(mkdirat, ENOSPC, ENOMEM, EPERM),
      ROW(flock, EINTR),
      ROW(clone3, EAGAIN, ENOMEM, EPERM, ENOSYS),
      ROW(clone, EAGAIN, ENOMEM, EPERM),
      ROW(waitid, EINTR),
      ROW(wait4, EINTR),
      ROW(kill, EPERM),
      ROW(pidfd_send_signal, EPERM),
      ROW(futex, EINTR, EAGAIN),
      ROW(getrandom, EINTR, ENOSYS),
      ROW(nanosleep, EINTR),
      ROW(clock_nanosleep, EINTR),
      ROW(setsockopt, ENOMEM),
      ROW(getsockopt, ENOMEM),
      ROW(bind, ENOMEM),
      ROW(prlimit64, EPERM),
#ifdef SYS_open
      ROW(open, EMFILE, ENFILE, ENOMEM, EPERM, EINTR),
      ROW(poll, EINTR, ENOMEM),
      ROW(epoll_wait, EINTR),
      ROW(stat, ENOMEM),
      ROW(lstat, ENOMEM),
      ROW(readlink, EIO, ENOMEM),
      ROW(access, EIO, ENOMEM),
      ROW(unlink, EIO, ENOMEM, EPERM),
      ROW(mkdir, ENOSPC, ENOMEM, EPERM),
      ROW(chmod, EIO, EPERM),
      ROW(chown, EIO, EPERM),
      ROW(fork, EAGAIN, ENOMEM, ENOSYS),
#endif
  };
  return rows;
}
#undef ROW

const Row* row_of(long number) {
  const auto at = std::ranges::find(table(), number, &Row::number);
  return at == table().end() ? nullptr : &*at;
}

}  // namespace

std::span<const int> errnos_for(const SystemCall& call) {
  static constexpr int kForbidden[] = {EPERM};
  const auto second = static_cast<int>(call.arguments[1]);
  switch (call.number) {
    case SYS_fcntl:
      if (second == F_ADD_SEALS || second == F_SETFL) return kForbidden;
      if (second != F_DUPFD && second != F_DUPFD_CLOEXEC) return {};
      break;
    case SYS_epoll_ctl:
      if (second != EPOLL_CTL_ADD) return {};
      break;
    case SYS_ioctl:
      if (second != FIONBIO) return {};
      break;
    case SYS_futex:
      if ((second & FUTEX_CMD_MASK) != FUTEX_WAIT && (second & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET) return {};
      break;
    default:
      break;
  }
  const Row* const row = row_of(call.number);
  return row == nullptr ? std::span<const int>{} : row->errnos;
}

bool fails_afterwards(const SystemCall& call) { return call.number == SYS_close; }

std::string name_of(long number) {
  const Row* const row = row_of(number);
  return row == nullptr ? "call " + std::to_string(number) : row->name;
}

}  // namespace ringmaster::testing
