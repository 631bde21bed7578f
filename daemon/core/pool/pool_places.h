#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// What a pool has in the ledger while it lives: its number, and the numbers of its workers, which follow each other.
struct PoolPlace {
  std::uint32_t index = 0;
  std::uint32_t first_worker = 0;
  std::uint32_t seats = 0;

  friend bool operator==(const PoolPlace&, const PoolPlace&) = default;
};

/// Which numbers the pools of the daemon and their workers have. Those of the configuration come first, in its order,
/// so that every supervisor finds the same; those of created pools are free again when their pool is gone. A number is
/// given out when none is left that nobody knows of: a worker whose exit is still to come blocks its own.
class PoolPlaces {
 public:
  PoolPlaces(std::uint32_t pools, std::uint32_t workers) : pools_(pools), workers_(workers) {}

  /// The lowest number, and the lowest run of workers. nullopt: there is no room; nothing changes.
  [[nodiscard]] std::optional<PoolPlace> take(std::uint32_t seats);
  /// A predecessor's. False: it is not free; nothing changes.
  [[nodiscard]] bool take_again(const PoolPlace& place);
  void give_back(std::uint32_t index) { taken_.erase(index); }

  /// A worker of no pool whose exit is not acknowledged yet.
  void block(std::uint32_t worker) { blocked_.insert(worker); }
  void unblock(std::uint32_t worker) { blocked_.erase(worker); }

  /// nullopt: no pool has that worker.
  [[nodiscard]] std::optional<std::uint32_t> pool_of(std::uint32_t worker) const;

 private:
  [[nodiscard]] std::optional<std::uint32_t> free_index() const;
  /// The last worker that stands in the way of such a run; nullopt: none.
  [[nodiscard]] std::optional<std::uint32_t> in_the_way(std::uint32_t first, std::uint32_t seats) const;

  std::uint32_t pools_;
  std::uint32_t workers_;
  std::map<std::uint32_t, PoolPlace> taken_;  ///< by index
  std::set<std::uint32_t> blocked_;
};

}  // namespace ringmaster::core
