#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace ringmaster::daemon {

/// The numbers of workers in the whole daemon: the seats of a pool are numbered in sequence, pool after pool in the
/// order of the configuration. A value, the same for every supervisor with the same configuration.
class WorkerNumbers {
 public:
  /// `seats`: the number of seats of each pool. Fails if the ledger has no room for so many.
  [[nodiscard]] static Result<WorkerNumbers> of(std::span<const unsigned> seats);

  /// The number of a pool's seat 0. REQUIRES: there is such a pool.
  [[nodiscard]] std::uint16_t first(std::size_t pool) const { return firsts_.at(pool); }
  /// nullopt: no pool has that worker.
  [[nodiscard]] std::optional<std::size_t> pool_of(std::uint32_t worker) const;

 private:
  std::vector<std::uint16_t> firsts_;  ///< first number of each pool, and one past the last
};

}  // namespace ringmaster::daemon
