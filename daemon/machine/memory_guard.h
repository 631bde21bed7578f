#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/worker/worker_memory.h"

namespace ringmaster::daemon {

/// Holds one worker's cgroup to what core::WorkerMemory says: writes memory.max, reads memory.stat. Part of its pool's
/// seat; the supervisor's one thread. Without a leaf of its own and a limit it does nothing.
class MemoryGuard {
 public:
  MemoryGuard() = default;
  /// `leaf`: an O_DIRECTORY descriptor that outlives this. The limit that stands there is taken for what was written.
  MemoryGuard(int leaf, core::Bytes memory_max);

  /// Before the session is given to the worker.
  void give(std::uint32_t serial, core::Bytes segments);
  void returned(std::uint32_t serial);
  /// Looks, ten times a second at most. True: the worker has more memory of its own than it may.
  [[nodiscard]] bool over(core::TimePoint now);

 private:
  void write(std::optional<core::Bytes> limit) const;

  int leaf_ = -1;
  std::optional<core::WorkerMemory> memory_;
  core::TimePoint looked_{};
};

}  // namespace ringmaster::daemon
