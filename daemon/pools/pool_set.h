#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/core/pool/pool_places.h"
#include "daemon/link/deposit.h"
#include "daemon/pool/pool.h"
#include "daemon/ports/visible_to.h"

namespace ringmaster::daemon {

/// Gives a descriptor that was inherited, once; an invalid one where there is none.
using TakePoolDeposit = std::function<UniqueFd(keeper::DepositKind kind, std::uint32_t a, std::uint32_t b)>;

/// The daemon's pools: those of the configuration in its order, then those that clients created; and the numbers that
/// they have in the ledger. Owned by the Supervisor; its thread.
class PoolSet {
 public:
  /// `room`: for how many pools the ledger has. Each takes up the deposits that are its own. An Error's `code` is the
  /// exit code of the keeper's protocol.
  [[nodiscard]] Result<void> open(PoolContext& host, std::span<const config::PoolConfig> configs, std::uint32_t room,
                                  const TakePoolDeposit& take);

  [[nodiscard]] std::span<const std::unique_ptr<Pool>> all() const { return pools_; }
  [[nodiscard]] std::span<PoolPort* const> gates() const { return gates_; }
  [[nodiscard]] std::size_t configured() const { return configured_; }
  /// nullptr: no pool has that worker, or number.
  [[nodiscard]] Pool* of_worker(std::uint32_t worker) const;
  [[nodiscard]] Pool* numbered(std::uint32_t index) const;

  // Created pools. Nobody may be walking through all() or gates().
  [[nodiscard]] core::PoolPlaces& places() { return places_; }
  Pool& add(std::unique_ptr<Pool> pool);
  /// Nobody finds it among the gates any more; it is there until it is removed. Nothing where there is none.
  void close(std::uint32_t index);
  void remove(std::uint32_t index);

  /// How many pools of the configuration know whether their workers can start (Pool::judged).
  [[nodiscard]] std::size_t judged() const;
  [[nodiscard]] bool all_stopped() const;
  /// Of the configuration's, which everybody sees and by which the daemon's health is judged, and of those that
  /// somebody created and the viewer may see.
  [[nodiscard]] std::vector<core::PoolSnapshot> seen_by(const std::optional<Viewer>& viewer) const;

 private:
  core::PoolPlaces places_{0, 0};
  std::size_t configured_ = 0;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<PoolPort*> gates_;
};

}  // namespace ringmaster::daemon
