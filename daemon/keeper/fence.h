#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/keeper/bystanders.h"
#include "daemon/keeper/table/worker_table.h"

namespace ringmaster::keeper {

/// Makes sure that a dead worker's descendants are dead too, before anyone is told of its end.
///
/// Every worker is a process group and its own child subreaper, the keeper is the next one up. While a worker lives its
/// orphans are its own; when it dies they become the keeper's children. So each child of the keeper that is neither a
/// worker nor the supervisor nor a bystander is what a dead one left behind. It is killed, however often it forked,
/// changed its session or ignored SIGTERM. A descendant that cannot be killed (stuck in the kernel) withholds every
/// fence until it is gone.
class Fence {
 public:
  /// For a worker whose pidfd is readable. Peeks at it, kills its group while its zombie still pins the number, reaps
  /// it. Sets retry_at_ns instead where a tracer holds the end back.
  void bury(WorkerEntry& slot, std::uint64_t now_ns) noexcept;

  /// Kills and reaps every stray child. Then each Reaped worker whose cgroup (if any) is empty becomes Fenced. True
  /// when something is left (or may be: its passes are bounded), to be tried again at a SIGCHLD or kRetryNs later.
  [[nodiscard]] bool sweep(WorkerTable& workers, pid_t supervisor, Bystanders& bystanders) noexcept;

  static constexpr std::uint64_t kRetryNs = 20'000'000;

 private:
  static constexpr std::size_t kMostChildren = 8192;
  static constexpr int kMostPasses = 32;  // of one sweep

  /// How many strays are left after one round; `killed_` counts those that ended.
  [[nodiscard]] std::size_t kill_strays(const WorkerTable& workers, pid_t supervisor,
                                        const Bystanders& bystanders) noexcept;

  std::array<pid_t, kMostChildren> children_{};
  std::uint32_t killed_ = 0;  // strays since the last time that none was left
};

}  // namespace ringmaster::keeper
