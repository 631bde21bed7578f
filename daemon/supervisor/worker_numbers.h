#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace ringmaster::daemon {

/// The numbers that workers have in the whole daemon: those of a pool's seats follow each other, pool after pool in the
/// order of the configuration. A value; the same for every supervisor of one configuration.
class WorkerNumbers {
 public:
  /// `seats`: of each pool. Fails where the ledger has no room for so many.
  [[nodiscard]] static Result<WorkerNumbers> of(std::span<const unsigned> seats);

  /// Of seat 0. REQUIRES: there is such a pool.
  [[nodiscard]] std::uint16_t first(std::size_t pool) const { return firsts_.at(pool); }
  /// nullopt: no pool has that worker.
  [[nodiscard]] std::optional<std::size_t> pool_of(std::uint32_t worker) const;

 private:
  std::vector<std::uint16_t> firsts_;  ///< of each pool, and behind the last
};

}  // namespace ringmaster::daemon
