#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::daemon {

/// How many processes the kernel's OOM killer has killed since boot; 0 if that cannot be read.
[[nodiscard]] std::uint64_t oom_kills();

/// The resident memory of a process; 0 if it is gone.
[[nodiscard]] core::Bytes resident_bytes(pid_t pid);

/// The user and system time of a process without its children, which the kernel counts in ticks of 10 ms; 0 if it is
/// gone.
[[nodiscard]] core::Duration cpu_time(pid_t pid);

/// True if the kernel is writing a core of that process.
[[nodiscard]] bool dumps_core(pid_t pid);

/// The first variables of every worker's environment: PATH, LANG and TZ of this daemon.
[[nodiscard]] std::vector<std::string> worker_environment();

/// Where the kernel writes cores, as text.
[[nodiscard]] std::string core_place();

}  // namespace ringmaster::daemon
