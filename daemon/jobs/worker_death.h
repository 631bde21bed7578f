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

/// A worker's death at length.
struct JobStack {
  std::uint64_t job_id = 0;
  WorkerDeath death;
  std::string full_stack;  ///< every frame
  std::string cause;       ///< of the death, in words
};

/// What the ledger's incidents say of a job that has ended; nullopt: it did not take its worker along, or that is no
/// longer on record.
[[nodiscard]] std::optional<WorkerDeath> death_of(shm::LedgerRecord& ledger, std::uint64_t job_id);

/// Answers a request for a stack: at once, or when its functions' names are known.
void answer_stack(DaemonPort& daemon, const Peer& peer, const StackRequest& request,
                  const std::shared_ptr<JobAsker>& asker);

}  // namespace ringmaster::daemon
