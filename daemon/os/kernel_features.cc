#include "daemon/os/kernel_features.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/unique_fd.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/process_tree.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace ringmaster::daemon {
namespace {

int try_pidfd() {
  const UniqueFd self = open_pidfd(::getpid());
  return self ? send_signal(self.get(), 0) : errno;
}

int try_wait_on_pidfd() {
  const UniqueFd self = open_pidfd(::getpid());
  if (!self) return errno;
  ChildExit exit;
  const int error = peek_exit(self.get(), exit);
  return error == ECHILD
             ? 0
             : error;  // ECHILD shows that it works: this process is not its own child. An old kernel returns EINVAL
}

int try_close_range() { return ::syscall(SYS_close_range, UINT_MAX, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 ? 0 : errno; }

int try_sealed_memfd() {
  const UniqueFd memory(::memfd_create("ringmaster: probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return errno;
  return ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) == 0 ? 0 : errno;
}

int try_children_list() {
  pid_t some[1];
  return list_children(some) >= 0 ? 0 : errno;
}

// "6.1" gives 6001; 0: not a version.
unsigned version_number(const char* text) {
  char* end = nullptr;
  const unsigned long major = std::strtoul(text, &end, 10);
  if (*end != '.') return 0;
  return static_cast<unsigned>(major * 1000 + std::strtoul(end + 1, nullptr, 10));
}

}  // namespace

FeatureLack why_missing(const KernelFeature& feature, const char* release) noexcept {
  switch (feature.error) {
    case EPERM:
    case EACCES:
      return FeatureLack::Hidden;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return FeatureLack::NoRoom;
    default:
      // Some system call filters return ENOSYS, so that programs assume an old kernel.
      return version_number(release) >= version_number(feature.since) ? FeatureLack::Hidden : FeatureLack::OldKernel;
  }
}

KernelFeature missing_kernel_feature() noexcept {
  struct Probe {
    const char* name;
    const char* since;
    int (*attempt)();
  };
  static constexpr Probe kProbes[] = {
      {"pidfd_open and pidfd_send_signal", "5.3", try_pidfd},
      {"waitid on a pidfd", "5.4", try_wait_on_pidfd},
      {"close_range with CLOSE_RANGE_CLOEXEC", "5.11", try_close_range},
      {"memfd_create with F_SEAL_FUTURE_WRITE", "5.1", try_sealed_memfd},
      {"/proc/thread-self/children (CONFIG_PROC_CHILDREN, /proc mounted)", "4.2", try_children_list},
  };
  for (const Probe& probe : kProbes) {
    if (const int error = probe.attempt(); error != 0) return {probe.name, probe.since, error};
  }
  return {};
}

}  // namespace ringmaster::daemon
