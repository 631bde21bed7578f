#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/pool/drain.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// One pool, as the supervisor sees it now.
struct PoolSnapshot {
  std::string name;
  bool judged = true;  ///< a worker has been ready, or it is clear that none will be for now
  unsigned workers_wanted = 1;
  unsigned workers_active = 0;  ///< ready and claiming
  unsigned workers_starting = 0;
  unsigned workers_waiting = 0;  ///< dead, and waiting to be started again
  unsigned spares_wanted = 0;
  unsigned spares_ready = 0;
  Drain::State drain = Drain::State::Running;
  bool quarantined = false;
  std::string quarantine_reason;
  std::string last_death;      ///< of a worker that died before it finished a job; may be empty
  Duration oldest_queued{};    ///< how long the oldest queued job has waited
  Duration queue_age_limit{};  ///< from the configuration; 0: none
  std::uint64_t queued = 0;
  std::uint64_t done = 0;  ///< jobs, since the daemon's start
  std::uint64_t crashed = 0;
  std::uint64_t timed_out = 0;
  std::vector<std::string> unmet;  ///< configured limits that are not in force, one sentence each
};

}  // namespace ringmaster::core
