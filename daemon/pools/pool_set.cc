#include "daemon/pools/pool_set.h"

#include <algorithm>

namespace ringmaster::daemon {

using keeper::DepositKind;

Result<void> PoolSet::open(PoolContext& host, std::span<const config::PoolConfig> configs, std::uint32_t room,
                           const TakePoolDeposit& take) {
  places_ = core::PoolPlaces(room, shm::kMaxWorkers);
  configured_ = configs.size();
  for (const config::PoolConfig& config : configs) {
    const auto place = places_.take(seats_of(config));
    if (!place) {
      return Error{"the pools have more than " + std::to_string(shm::kMaxWorkers) +
                       " workers and spares together; lower [pool.*] workers",
                   keeper::kExitConfig};
    }
    const std::uint32_t index = place->index;
    Pool& pool = add(std::make_unique<Pool>(host, config, index, static_cast<std::uint16_t>(place->first_worker)));
    PoolFds fds{take(DepositKind::Board, index, 0), take(DepositKind::PoolBell, index, 0),
                take(DepositKind::Handlers, index, 0)};
    if (auto opened = pool.open(std::move(fds)); !opened) {
      return Error{opened.error().message, keeper::kExitUnavailable};
    }
  }
  return {};
}

Pool& PoolSet::add(std::unique_ptr<Pool> pool) {
  gates_.push_back(pool.get());
  pools_.push_back(std::move(pool));
  return *pools_.back();
}

void PoolSet::close(std::uint32_t index) {
  std::erase_if(gates_, [index](const PoolPort* gate) { return gate->index() == index; });
}

void PoolSet::remove(std::uint32_t index) {
  close(index);
  std::erase_if(pools_, [index](const auto& pool) { return pool->index() == index; });
}

Pool* PoolSet::of_worker(std::uint32_t worker) const {
  const auto index = places_.pool_of(worker);
  return index ? numbered(*index) : nullptr;
}

Pool* PoolSet::numbered(std::uint32_t index) const {
  const auto at = std::ranges::find(pools_, index, [](const auto& pool) { return pool->index(); });
  return at == pools_.end() ? nullptr : at->get();
}

std::size_t PoolSet::judged() const {
  const auto configured = std::span(pools_).first(configured_);
  return static_cast<std::size_t>(std::ranges::count_if(configured, [](const auto& pool) { return pool->judged(); }));
}

bool PoolSet::all_stopped() const {
  return std::all_of(pools_.begin(), pools_.end(),
                     [](const auto& pool) { return pool->drain_state() == core::Drain::State::Stopped; });
}

std::vector<core::PoolSnapshot> PoolSet::seen_by(const std::optional<Viewer>& viewer) const {
  std::vector<core::PoolSnapshot> seen;
  for (const auto& pool : pools_) {
    const auto& owner = pool->config().owner;
    if (!owner || (viewer && viewer->may_see_of(*owner))) seen.push_back(pool->snapshot());
  }
  return seen;
}

}  // namespace ringmaster::daemon
