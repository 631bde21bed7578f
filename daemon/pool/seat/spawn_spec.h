#pragma once

#include <string>

#include "daemon/config/config.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/pool/worker/pool_worker.h"

namespace ringmaster::daemon {

/// What the keeper must start for a worker: program, arguments, environment, identity and limits, by the pool's
/// configuration. `stock_worker`: the program if the pool names none; `environment`: what every worker's environment
/// begins with; `daemon_uid`: the uid of this daemon.
[[nodiscard]] keeper::SpawnSpec make_spawn_spec(const config::PoolConfig& config, const WorkerName& place,
                                                const std::string& stock_worker, std::vector<std::string> environment,
                                                std::uint32_t daemon_uid, std::uint32_t daemon_gid);

}  // namespace ringmaster::daemon
