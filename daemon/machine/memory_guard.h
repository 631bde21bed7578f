#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/worker/worker_memory.h"

namespace ringmaster::daemon {

/// Applies what core::WorkerMemory decides to one worker's cgroup: writes memory.max, reads memory.stat. Part of a
/// seat; the supervisor's one thread. Does nothing if the worker has no cgroup of its own or no limit.
class MemoryGuard {
 public:
  MemoryGuard() = default;
  /// `leaf`: an O_DIRECTORY descriptor that outlives this. The limit that it has now counts as the one that was
  /// written.
  MemoryGuard(int leaf, core::Bytes memory_max);

  /// Call it before the session is attached to the worker.
  void give(std::uint32_t serial, core::Bytes segments);
  void returned(std::uint32_t serial);
  /// Looks at most ten times a second. True: the worker has more memory of its own than allowed.
  [[nodiscard]] bool over(core::TimePoint now);

 private:
  void write(std::optional<core::Bytes> limit) const;

  int leaf_ = -1;
  std::optional<core::WorkerMemory> memory_;
  core::TimePoint looked_{};
};

}  // namespace ringmaster::daemon
