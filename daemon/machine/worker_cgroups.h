#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/core/types.h"
#include "daemon/machine/memory_guard.h"
#include "shm/slot_word.h"

namespace ringmaster::daemon {

/// The cgroups of this daemon, if a cgroup v2 was delegated to it:
///
///   D                          the delegated group; no process in it
///   D/daemon                   keeper and supervisor
///   D/w<worker>.<incarnation>  one incarnation of a worker, with everything that it starts
///
/// Owned by the Supervisor; its one thread. Every step may be repeated, so a successor does the same again. Without a
/// delegated group no call does anything, and workers run in the keeper's group.
class WorkerCgroups {
 public:
  /// `wish`: "auto" (the group that this process is in, if it is delegated and has no other processes), "off", or the
  /// path of the group to use. Moves keeper and supervisor. If it is not possible that is no error: why() tells the
  /// reason.
  void open(const std::string& wish);

  /// Makes the leaf for one incarnation, with the limit `memory_max` (0: none). nullopt: there are no cgroups, or
  /// making it failed, which disables them.
  [[nodiscard]] std::optional<UniqueFd> make(shm::Owner owner, core::Bytes memory_max);
  /// The guard that applies a worker's memory limit in that leaf; it does nothing if there are no limits.
  [[nodiscard]] MemoryGuard guard(int leaf, core::Bytes memory_max) const;
  /// True if the out-of-memory killer has killed a process of that leaf; nullopt: not known.
  [[nodiscard]] static std::optional<bool> out_of_memory(int leaf);
  /// Removes the leaf of a fenced worker, if there is one.
  void remove(shm::Owner owner);
  /// Removes leaves of predecessors: all that are not in `kept` (worker, incarnation) and not in use.
  void sweep(const std::set<std::pair<std::uint32_t, std::uint32_t>>& kept);
  /// Makes no further leaves; logs the reason once.
  void disable(const std::string& reason);

  [[nodiscard]] bool enabled() const { return enabled_; }
  [[nodiscard]] bool limits_memory() const { return enabled_ && limits_memory_; }
  /// One sentence for the log: what is done, or why nothing is done.
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  Result<void> settle(const std::string& wish);
  Result<void> find_group(const std::string& wish);
  [[nodiscard]] Result<void> move_in();
  void remove_leaf(const std::string& name);

  UniqueFd root_;  ///< D
  std::string path_;
  bool enabled_ = false;
  bool limits_memory_ = false;
  std::string why_ = "no cgroup: not asked for";
};

}  // namespace ringmaster::daemon
