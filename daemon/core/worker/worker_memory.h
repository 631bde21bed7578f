#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How much the cgroup of one worker may hold. The kernel charges a page of shared memory to the process that touches
/// it first: a worker is charged for pages of rings that a client has not reserved, or has freed. So the kernel's limit
/// is `memory_max` plus all that sessions could add, and a job is judged only by the worker's own memory. Pure.
class WorkerMemory {
 public:
  /// `memory_max`: the pool's, not 0. `written`: the limit that the kernel has now.
  WorkerMemory(Bytes memory_max, Bytes written) : memory_max_(memory_max), written_(written) {}

  /// A session with segments of so many bytes is about to be attached. Returns the limit that must be written first;
  /// nullopt: the present one is high enough.
  [[nodiscard]] std::optional<Bytes> give(std::uint32_t serial, Bytes segments);
  /// The session has been detached. The next look lowers the limit.
  void returned(std::uint32_t serial);

  /// What the group holds: anonymous memory and shared memory.
  struct Use {
    Bytes anonymous;
    Bytes shared;
  };
  struct Look {
    std::optional<Bytes> limit;  ///< the new limit, if it must be written
    bool over = false;           ///< the worker has more memory of its own than allowed
  };
  [[nodiscard]] Look look(const Use& use);

  [[nodiscard]] Bytes sessions() const { return sessions_; }

 private:
  Bytes memory_max_;
  Bytes written_;
  Bytes sessions_{};
  std::map<std::uint32_t, Bytes> held_;
};

/// Reads the text of memory.stat; nullopt: the figures are missing.
[[nodiscard]] std::optional<WorkerMemory::Use> memory_use_of(std::string_view memory_stat);

}  // namespace ringmaster::core
