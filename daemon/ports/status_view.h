#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/ports/pool_view.h"
#include "daemon/ports/session_view.h"

namespace ringmaster::daemon {

/// The daemon as a whole.
struct DaemonView {
  pid_t keeper_pid = 0, supervisor_pid = 0;
  core::Duration uptime{};  ///< of the keeper
  core::Duration supervisor_uptime{};
  std::uint32_t supervisor_incarnation = 0;  ///< 1: the first
  std::string state;
  std::string health;
  std::vector<std::string> health_reasons;
  std::string summary;  ///< health, its reasons and figures in one line
  std::string socket;
  bool socket_passed = false;  ///< by a service manager
  std::string notice;          ///< what the daemon decided at its start
};

/// What a probe is told: nothing of anybody's jobs.
struct HealthView {
  std::string level;
  std::vector<std::string> reasons;  ///< empty when healthy
  std::string line;                  ///< all of it in one line, with figures
  bool ready = false;                ///< jobs are taken and there are workers for them
};

/// Everything that there is to see, or what one viewer sees of it: visible_to().
struct StatusView {
  DaemonView daemon;
  std::uint32_t connections = 0;
  std::vector<PoolView> pools;
  std::vector<SessionView> sessions;
};

/// Sets `queued` and `running` of each pool to what its sessions have.
void count_jobs(StatusView& status);

}  // namespace ringmaster::daemon
