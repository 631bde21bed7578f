#pragma once

#include <string>

#include "daemon/config/config.h"
#include "daemon/link/keeper_codec.h"
#include "daemon/pool/worker/pool_worker.h"

namespace ringmaster::daemon {

/// What the keeper is to start for a worker: program, arguments, environment, identity and limits, as its pool is
/// configured. `stock_worker`: the program where the pool names none; `environment`: what every worker's begins with;
/// `daemon_uid`: whose this daemon is.
[[nodiscard]] keeper::SpawnSpec make_spawn_spec(const config::PoolConfig& config, const WorkerName& place,
                                                const std::string& stock_worker, std::vector<std::string> environment,
                                                std::uint32_t daemon_uid, std::uint32_t daemon_gid);

}  // namespace ringmaster::daemon
