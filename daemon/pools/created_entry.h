#pragma once

#include <memory>
#include <vector>

#include "daemon/pools/created_pools.h"

namespace ringmaster::daemon {

/// One created pool, and what its steps need of it. Owned by CreatedPools.
struct CreatedPools::Entry {
  Entry(shm::LedgerRecord& ledger, std::uint32_t index, core::CreatedLife::State state)
      : life(state), record(ledger, index) {}

  core::CreatedLife life;
  PoolRecord record;
  core::PoolPlace place;
  config::PoolConfig config;
  core::Bytes bytes{};  ///< what its owner is charged
  PoolFds fds;          ///< until it serves
  UniqueFd text;        ///< likewise
  UniqueFd lifeline;
  UniqueFd owners_end;  ///< of the lifeline, until it is sent
  std::unique_ptr<FdWatch> watch;
  Created creating;  ///< who waits for it
  std::vector<Dropped> dropping;

  [[nodiscard]] core::Uid owner() const { return config.owner.value_or(0); }
};

/// What its segments take, whether there are processes for them or not.
[[nodiscard]] core::Bytes pool_bytes(const config::PoolConfig& config, std::size_t text_bytes);

/// The keeper lets go of what a successor would need of it, a turn of the loop later.
void release_pool_deposits(Keeper& keeper, std::uint32_t index);

}  // namespace ringmaster::daemon
