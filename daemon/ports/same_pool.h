#pragma once

#include <cstdint>

#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

/// A pool, for a later turn of the loop: pools go meanwhile, and others get their name and their number. Whoever waits
/// keeps this, never the pool itself. REQUIRES: the daemon outlives it.
class SamePool {
 public:
  SamePool(DaemonPort& daemon, const PoolPort& pool)
      : daemon_(daemon), index_(pool.index()), generation_(daemon.ledger().pools[index_].generation) {}

  /// Null: it is gone.
  [[nodiscard]] PoolPort* find() const {
    const bool another = daemon_.ledger().pools[index_].generation != generation_;
    return another ? nullptr : daemon_.pools().numbered(index_);
  }

 private:
  DaemonPort& daemon_;
  std::uint32_t index_;
  std::uint32_t generation_;
};

}  // namespace ringmaster::daemon
