#include "worker/process/process_guard.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace ringmaster::worker {

void guard_process() {
  if (std::getenv("RINGMASTER_GUARDED") == nullptr) {
    // If its user may not read the program file, the process is not dumpable, and no stack of it could be taken.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    ::prctl(PR_SET_PTRACER, ::getppid(), 0, 0, 0);
    return;
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // The capability that has guarded the process until now is no longer needed; a handler must not have it.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  ::syscall(SYS_capset, &header, none);
}

}  // namespace ringmaster::worker
