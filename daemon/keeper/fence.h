#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/keeper/bystanders.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// Makes sure that a dead worker's descendants are dead too, before its exit is reported.
///
/// Every worker is a process group and a child subreaper, and the keeper is the subreaper above it. While a worker
/// lives, orphans of its processes become its children; when it dies they become the keeper's. So each child of the
/// keeper that is neither a worker nor the supervisor nor a bystander was left by a dead worker (a stray). It is
/// killed, even if it has forked, changed its session or ignored SIGTERM. As long as a stray cannot be killed (stuck in
/// the kernel), no worker becomes Fenced.
class Fence {
 public:
  /// Called for a worker whose pidfd is readable: reads its status, kills its group while the zombie still reserves the
  /// number, and reaps it. If a ptrace tracer delays its end, sets retry_at_ns instead.
  void bury(WorkerEntry& slot, std::uint64_t now_ns) noexcept;

  /// Kills and reaps every stray. Then each Reaped worker whose cgroup (if any) is empty becomes Fenced. True if
  /// something is, or may be, left: call it again after a SIGCHLD or kRetryNs.
  [[nodiscard]] bool sweep(WorkerTable& workers, pid_t supervisor, Bystanders& bystanders) noexcept;

  static constexpr std::uint64_t kRetryNs = 20'000'000;

 private:
  static constexpr std::size_t kMostChildren = 8192;
  static constexpr int kMostPasses = 32;  // of one sweep

  /// Kills strays once and returns how many are left; `killed_` counts those that ended.
  [[nodiscard]] std::size_t kill_strays(const WorkerTable& workers, pid_t supervisor,
                                        const Bystanders& bystanders) noexcept;

  std::array<pid_t, kMostChildren> children_{};
  std::uint32_t killed_ = 0;  // strays since the last time that none was left
};

}  // namespace ringmaster::keeper
