#include "daemon/pool/startable.h"

#include <unistd.h>

#include "daemon/machine/proc_facts.h"
#include "daemon/pool/seat/spawn_spec.h"

namespace ringmaster::daemon {

Result<void> check_startable(const config::PoolConfig& config, const std::string& stock_worker) {
  const WorkerName kLongest{{0xFFFF, 0xFFFF}, 0xFFFF, {}, 0xFFFF};
  keeper::SpawnSpec spec =
      make_spawn_spec(config, kLongest, stock_worker, worker_environment(), ::geteuid(), ::getgid());
  spec.fd_count = keeper::kMaxWorkerFds;
  auto told = keeper::encode_spawn(0, spec);
  if (!told) return std::move(told.error());
  return {};
}

}  // namespace ringmaster::daemon
