#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/jobs/job_outcome.h"
#include "daemon/jobs/job_request.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

class JobAsker;

/// The full report about a worker's death.
struct JobStack {
  std::uint64_t job_id = 0;
  WorkerDeath death;
  std::string full_stack;  ///< every frame
  std::string cause;       ///< of the death, in words
};

/// What the ledger's incidents say about an ended job; nullopt: its worker did not die over it, or that is no longer
/// recorded.
[[nodiscard]] std::optional<WorkerDeath> death_of(shm::LedgerRecord& ledger, std::uint64_t job_id);

/// Answers a request for a stack: at once, or when the names of its functions are known.
void answer_stack(DaemonPort& daemon, const Peer& peer, const StackRequest& request,
                  const std::shared_ptr<JobAsker>& asker);

}  // namespace ringmaster::daemon
