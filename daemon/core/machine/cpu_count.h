#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// One cgroup's limit on CPU time: `quota` in every `period`.
struct CpuQuota {
  Duration quota{};
  Duration period{};
  std::string source;  ///< the file it was read from

  friend bool operator==(const CpuQuota&, const CpuQuota&) = default;
};

/// The limits of this process: its affinity mask, and the quotas of its cgroup and of every ancestor.
struct CpuFacts {
  unsigned online = 1;
  unsigned affinity = 0;  ///< CPUs in the affinity mask; 0: could not be read
  std::vector<CpuQuota> quotas;
};

struct CpuDecision {
  unsigned usable = 1;
  std::string why;  ///< one sentence for the log
};

/// The content of a cgroup v2 `cpu.max` ("max 100000", "150000 100000"); nullopt: no limit, or not understood.
[[nodiscard]] std::optional<CpuQuota> parse_cpu_max(std::string_view text, std::string source);

/// The contents of a cgroup v1 `cpu.cfs_quota_us` and `cpu.cfs_period_us`; nullopt: no limit (−1), or not understood.
[[nodiscard]] std::optional<CpuQuota> parse_cfs_quota(std::string_view quota_us, std::string_view period_us,
                                                      std::string source);

/// The smallest of the affinity mask and every quota, but at least 1. Quotas are rounded down: with one worker too
/// many, workers would be throttled in the middle of a job and look hung.
[[nodiscard]] CpuDecision decide_cpus(const CpuFacts& facts);

}  // namespace ringmaster::core
