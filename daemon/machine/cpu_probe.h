#pragma once

#include <string>

#include "daemon/core/machine/cpu_count.h"

namespace ringmaster::daemon {

/// Reads the affinity mask and the CPU quotas (cgroup v1 and v2, this process's group and its ancestors).
/// `root` is put before /proc and /sys; only tests set it. What cannot be read is left out.
[[nodiscard]] core::CpuFacts probe_cpus(const std::string& root = "");

}  // namespace ringmaster::daemon
