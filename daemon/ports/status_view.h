#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/ports/pool_view.h"
#include "daemon/ports/session_view.h"

namespace ringmaster::daemon {

/// What a status shows about the daemon itself.
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

/// The answer to a probe: nothing about anybody's jobs.
struct HealthView {
  std::string level;
  std::vector<std::string> reasons;  ///< empty when healthy
  std::string line;                  ///< all of it in one line, with figures
  bool ready = false;                ///< jobs are taken and there are workers for them
};

/// The whole status; visible_to() reduces it to what one viewer may see.
struct StatusView {
  DaemonView daemon;
  std::uint32_t connections = 0;
  std::vector<PoolView> pools;
  std::vector<SessionView> sessions;
};

/// Sets `queued` and `running` of each pool to the sums over its sessions.
void count_jobs(StatusView& status);

}  // namespace ringmaster::daemon
