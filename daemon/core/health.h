#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/core/drain.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

enum class HealthLevel : std::uint8_t { Healthy = 0, Degraded = 1, Down = 2 };  ///< also the exit status of `health`
[[nodiscard]] const char* to_string(HealthLevel level);

/// One pool, as the supervisor sees it now.
struct PoolSnapshot {
  std::string name;
  unsigned workers_wanted = 1;
  unsigned workers_active = 0;  ///< ready and claiming
  unsigned workers_starting = 0;
  unsigned workers_waiting = 0;  ///< dead, in backoff
  unsigned spares_wanted = 0;
  unsigned spares_ready = 0;
  Drain::State drain = Drain::State::Running;
  bool quarantined = false;
  std::string quarantine_reason;
  std::string last_death;  ///< of an unproductive worker, as text; may be empty
};

struct Health {
  HealthLevel level = HealthLevel::Healthy;
  std::vector<std::string> reasons;  ///< empty when healthy; each is one sentence that names its pool

  friend bool operator==(const Health&, const Health&) = default;
};

/// Down: no pool has a worker that claims jobs and takes new ones, or the daemon drains or stops. Degraded: anything
/// less than what was configured. A spare that is being replaced after a swap is normal; one that cannot start is not.
[[nodiscard]] Health judge_health(Drain::State daemon, std::span<const PoolSnapshot> pools);

}  // namespace ringmaster::core
