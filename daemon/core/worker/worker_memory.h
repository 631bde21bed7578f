#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How much the cgroup of one worker may hold. The kernel charges a page of shared memory to whoever touches it first:
/// those of rings that a client did not reserve, or punched out, to the worker, and leaves them there. So the kernel's
/// limit is `memory_max` and all that sessions could bring, and a job is judged by the memory that is its own. Pure.
class WorkerMemory {
 public:
  /// `memory_max`: the pool's, not 0. `written`: the limit that the kernel has now.
  WorkerMemory(Bytes memory_max, Bytes written) : memory_max_(memory_max), written_(written) {}

  /// It is about to be given a session with segments of so many bytes: the limit to write first; nullopt: it is high
  /// enough.
  [[nodiscard]] std::optional<Bytes> give(std::uint32_t serial, Bytes segments);
  /// The session has come back. The limit goes down with the next look.
  void returned(std::uint32_t serial);

  /// What the group holds: anonymous memory, and shared memory whoever's it is.
  struct Use {
    Bytes anonymous;
    Bytes shared;
  };
  struct Look {
    std::optional<Bytes> limit;  ///< to be written
    bool over = false;           ///< its own memory is more than it may have
  };
  [[nodiscard]] Look look(const Use& use);

  [[nodiscard]] Bytes sessions() const { return sessions_; }

 private:
  Bytes memory_max_;
  Bytes written_;
  Bytes sessions_{};
  std::map<std::uint32_t, Bytes> held_;
};

/// From the text of memory.stat; nullopt: it does not say.
[[nodiscard]] std::optional<WorkerMemory::Use> memory_use_of(std::string_view memory_stat);

}  // namespace ringmaster::core
