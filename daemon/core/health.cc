#include "daemon/core/health.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

std::string count_of(unsigned n, unsigned of, const char* what) {
  return std::to_string(n) + " of " + std::to_string(of) + " " + what;
}

/// Empty: nothing is wrong with this pool.
std::string what_is_wrong(const PoolSnapshot& pool) {
  if (pool.drain != Drain::State::Running) return to_string(pool.drain);
  if (pool.quarantined) {
    return count_of(pool.workers_active, pool.workers_wanted, "workers active") +
           ", quarantined: " + pool.quarantine_reason;
  }
  const std::string last = pool.last_death.empty() ? "" : "; the last death: " + pool.last_death;
  if (pool.workers_active < pool.workers_wanted) {
    std::string text = count_of(pool.workers_active, pool.workers_wanted, "workers active");
    if (pool.workers_starting > 0) text += ", " + std::to_string(pool.workers_starting) + " starting";
    if (pool.workers_waiting > 0) text += ", " + std::to_string(pool.workers_waiting) + " waiting to restart";
    return text + last;
  }
  if (pool.spares_ready < pool.spares_wanted && pool.workers_waiting > 0) {
    return count_of(pool.spares_ready, pool.spares_wanted, "spares ready") + ", " +
           std::to_string(pool.workers_waiting) + " waiting to restart" + last;
  }
  return {};
}

}  // namespace

Health judge_health(Drain::State daemon, std::span<const PoolSnapshot> pools) {
  Health health;
  if (daemon != Drain::State::Running) health.reasons.push_back(std::string{"the daemon is "} + to_string(daemon));
  for (const auto& pool : pools) {
    if (const std::string wrong = what_is_wrong(pool); !wrong.empty()) {
      health.reasons.push_back("pool \"" + pool.name + "\": " + wrong);
    }
  }
  const bool some_pool_works = std::any_of(pools.begin(), pools.end(), [](const PoolSnapshot& pool) {
    return pool.workers_active > 0 && pool.drain == Drain::State::Running;
  });
  if (daemon != Drain::State::Running || !some_pool_works) {
    health.level = HealthLevel::Down;
    if (health.reasons.empty()) health.reasons.emplace_back("no pool is configured");
  } else if (!health.reasons.empty()) {
    health.level = HealthLevel::Degraded;
  }
  return health;
}

const char* to_string(HealthLevel level) {
  switch (level) {
    case HealthLevel::Healthy:
      return "healthy";
    case HealthLevel::Degraded:
      return "degraded";
    case HealthLevel::Down:
      return "down";
  }
  return "unknown";
}

}  // namespace ringmaster::core
