#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// How many processes the kernel's OOM killer has killed since boot; 0 where it cannot be read.
[[nodiscard]] std::uint64_t oom_kills();

/// Resident memory of a process; 0 where it is gone.
[[nodiscard]] core::Bytes resident_bytes(pid_t pid);

/// What a process itself, not its children, has used of CPUs, in user and system mode; the kernel counts in ticks of
/// 10 ms. 0 where it is gone.
[[nodiscard]] core::Duration cpu_time(pid_t pid);

/// The kernel writes a core of that process.
[[nodiscard]] bool dumps_core(pid_t pid);

/// What every worker's environment begins with: PATH, LANG and TZ as this daemon has them.
[[nodiscard]] std::vector<std::string> worker_environment();

/// Where the kernel puts cores, in words.
[[nodiscard]] std::string core_place();

}  // namespace ringmaster::daemon
