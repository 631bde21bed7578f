#include "daemon/pool/seat/spawn_spec.h"

#include "proto/worker_link.h"

namespace ringmaster::daemon {

keeper::SpawnSpec make_spawn_spec(const config::PoolConfig& config, const WorkerName& place,
                                  const std::string& stock_worker, std::vector<std::string> environment,
                                  std::uint32_t daemon_uid, std::uint32_t daemon_gid) {
  keeper::SpawnSpec spec;
  spec.worker = place.owner.worker;
  spec.incarnation = place.owner.incarnation;
  spec.cwd = config.working_directory;
  if (config.command.empty()) {
    spec.path = stock_worker;
    spec.argv.push_back("ringmaster-worker: " + config.name + "[" + std::to_string(place.seat) + "]");
    if (!config.handlers.empty()) spec.argv.emplace_back("--handlers");
    spec.argv.insert(spec.argv.end(), config.handlers.begin(), config.handlers.end());
  } else {
    spec.path = config.command.front();
    spec.argv = config.command;
  }
  spec.env = std::move(environment);
  for (const auto& [name, value] : config.environment) spec.env.push_back(name + "=" + value);
  spec.env.push_back("RINGMASTER_POOL=" + config.name);
  spec.env.push_back("RINGMASTER_WORKER=" + std::to_string(place.seat));
  spec.env.push_back("RINGMASTER_ABI=" + std::to_string(worker_link::kAbiVersion));
  if (config.uid)
    spec.identity = keeper::SpawnSpec::Identity{*config.uid, config.gid.value_or(daemon_gid), config.groups};
  if (config.uid && *config.uid != daemon_uid) spec.env.emplace_back("RINGMASTER_GUARDED=1");
  if (config.nice != 0 || config.owner) spec.nice = config.nice;
  for (const config::Rlimit& limit : config.rlimits) {
    spec.rlimits.push_back({limit.resource, limit.soft.value_or(limit.value), limit.value});
  }
  return spec;
}

}  // namespace ringmaster::daemon
