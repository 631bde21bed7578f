#include "daemon/supervisor/pool_set.h"

#include <algorithm>

namespace ringmaster::daemon {

using keeper::DepositKind;

Result<void> PoolSet::open(PoolContext& host, std::span<const config::PoolConfig> configs,
                           InheritedDeposits& inherited) {
  std::vector<unsigned> seats;
  for (const config::PoolConfig& config : configs) seats.push_back(config.workers + config.spares);
  auto numbers = WorkerNumbers::of(seats);
  if (!numbers) return Error{numbers.error().message, keeper::kExitConfig};
  numbers_ = std::move(*numbers);
  for (std::uint32_t i = 0; i < configs.size(); ++i) {
    pools_.push_back(std::make_unique<Pool>(host, configs[i], i, numbers_.first(i)));
    gates_.push_back(pools_.back().get());
    PoolFds fds{inherited.take(DepositKind::Board, i, 0), inherited.take(DepositKind::PoolBell, i, 0),
                inherited.take(DepositKind::Handlers, i, 0)};
    if (auto opened = pools_.back()->open(std::move(fds)); !opened) {
      return Error{opened.error().message, keeper::kExitUnavailable};
    }
  }
  return {};
}

Pool* PoolSet::of_worker(std::uint32_t worker) const {
  const auto pool = numbers_.pool_of(worker);
  return pool && *pool < pools_.size() ? pools_[*pool].get() : nullptr;
}

std::size_t PoolSet::judged() const {
  return static_cast<std::size_t>(
      std::count_if(pools_.begin(), pools_.end(), [](const auto& pool) { return pool->judged(); }));
}

bool PoolSet::all_stopped() const {
  return std::all_of(pools_.begin(), pools_.end(),
                     [](const auto& pool) { return pool->drain_state() == core::Drain::State::Stopped; });
}

std::vector<core::PoolSnapshot> PoolSet::snapshots() const {
  std::vector<core::PoolSnapshot> all;
  for (const auto& pool : pools_) all.push_back(pool->snapshot());
  return all;
}

}  // namespace ringmaster::daemon
