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

/// The cgroups of this daemon, where one (v2) was delegated to it:
///
///   D                          the delegated group; no process in it
///   D/daemon                   keeper and supervisor
///   D/w<worker>.<incarnation>  one incarnation of a worker, with everything that it starts
///
/// Owned by the Supervisor; its one thread. Every step may be repeated, so a successor does what its predecessor did.
/// Without a delegated group every call does nothing and workers run where the keeper runs.
class WorkerCgroups {
 public:
  /// `wish`: "auto" (the group that this process is in, if it is delegated and nobody else's), "off", or the path of
  /// the group to use. Moves keeper and supervisor. Whatever stands against it is no error: see why().
  void open(const std::string& wish);

  /// The leaf for one incarnation, limited to `memory_max` (0: not). nullopt: there is none; a failure disables.
  [[nodiscard]] std::optional<UniqueFd> make(shm::Owner owner, core::Bytes memory_max);
  /// Who holds a worker to its limit in that leaf; nobody where there are none.
  [[nodiscard]] MemoryGuard guard(int leaf, core::Bytes memory_max) const;
  /// Whether the out-of-memory killer ended a process of that leaf; nullopt where the leaf does not say.
  [[nodiscard]] static std::optional<bool> out_of_memory(int leaf);
  /// After its worker was fenced. Nothing where there is none.
  void remove(shm::Owner owner);
  /// Removes what predecessors left: each leaf that is not one of `kept` (worker, incarnation) and not in use.
  void sweep(const std::set<std::pair<std::uint32_t, std::uint32_t>>& kept);
  /// No further leaf is made; logs why, once.
  void disable(const std::string& reason);

  [[nodiscard]] bool enabled() const { return enabled_; }
  [[nodiscard]] bool limits_memory() const { return enabled_ && limits_memory_; }
  /// One sentence for the log: what is done, or why nothing is.
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
