#pragma once

#include <sys/types.h>

#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// What a process may take of the machine.
struct ProcessRights {
  int nice = 0;
  std::vector<std::pair<int, core::ProcessLimit>> limits;  ///< each RLIMIT_ constant that there is
};

/// Of a process that was of that user when it connected. Fails where it is gone or another's by now, or cannot be seen
/// from here: then nothing is known, and nothing may be given in its name.
[[nodiscard]] Result<ProcessRights> rights_of(pid_t pid, uid_t uid);
/// Of this process.
[[nodiscard]] ProcessRights own_rights();
[[nodiscard]] std::vector<gid_t> own_groups();

}  // namespace ringmaster::daemon
