#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/pool/pool.h"
#include "daemon/supervisor/inherited_deposits.h"
#include "daemon/supervisor/worker_numbers.h"

namespace ringmaster::daemon {

/// The daemon's pools, in the order of the configuration. Owned by the Supervisor; its thread.
class PoolSet {
 public:
  /// Opens all pools; each takes up its own deposits. An Error's `code` is the exit code of the keeper's protocol.
  [[nodiscard]] Result<void> open(PoolContext& host, std::span<const config::PoolConfig> configs,
                                  InheritedDeposits& inherited);

  [[nodiscard]] std::span<const std::unique_ptr<Pool>> all() const { return pools_; }
  [[nodiscard]] std::span<PoolPort* const> gates() const { return gates_; }
  /// nullptr: no pool has that worker.
  [[nodiscard]] Pool* of_worker(std::uint32_t worker) const;

  /// How many pools know whether their workers can start (Pool::judged).
  [[nodiscard]] std::size_t judged() const;
  [[nodiscard]] bool all_stopped() const;
  [[nodiscard]] std::vector<core::PoolSnapshot> snapshots() const;

 private:
  WorkerNumbers numbers_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<PoolPort*> gates_;
};

}  // namespace ringmaster::daemon
