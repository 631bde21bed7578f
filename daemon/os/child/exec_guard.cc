#include "daemon/os/child/exec_guard.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace ringmaster::daemon {
namespace {

// In order of preference: servers do not use the first at all, and the last allows to bind a port below 1024.
constexpr int kHarmless[] = {CAP_BLOCK_SUSPEND, CAP_WAKE_ALARM, CAP_LEASE, CAP_NET_BIND_SERVICE};

struct Sets {
  __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
};

bool permitted(const Sets& sets, int capability) {
  return (sets.words[CAP_TO_INDEX(capability)].permitted & CAP_TO_MASK(capability)) != 0;
}

int call(long number, Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(number, &header, sets.words) == 0 ? 0 : errno;
}

}  // namespace

int guard_capability() noexcept {
  Sets sets;
  if (call(SYS_capget, sets) != 0) return -1;
  for (const int capability : kHarmless) {
    if (permitted(sets, capability)) return capability;
  }
  return -1;
}

int prepare_guard(int capability) noexcept {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno;
  return capability < 0 || ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int set_guard(int capability) noexcept {
  Sets sets;
  if (capability >= 0) {
    sets.words[CAP_TO_INDEX(capability)].permitted = CAP_TO_MASK(capability);
    sets.words[CAP_TO_INDEX(capability)].inheritable = CAP_TO_MASK(capability);
  }
  if (const int error = call(SYS_capset, sets); error != 0) return error;
  // If ambient capabilities are forbidden this fails, and exec drops the capability.
  if (capability >= 0) static_cast<void>(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

}  // namespace ringmaster::daemon
