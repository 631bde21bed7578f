#include "worker/process/process_guard.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace ringmaster::worker {

void guard_process() {
  if (std::getenv("RINGMASTER_GUARDED") == nullptr) {
    // A program that its user may not read is not traceable by itself: the stack of a job that hangs would not be had.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    ::prctl(PR_SET_PTRACER, ::getppid(), 0, 0, 0);
    return;
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // Only now the capability that guarded it up to here may go, and with it goes what a handler could do with it.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  ::syscall(SYS_capset, &header, none);
}

}  // namespace ringmaster::worker
