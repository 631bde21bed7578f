#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/types/options.h"

namespace ringmaster::client {

/// What a session has to ask the daemon over the socket. Each may be empty, and may be called by any thread.
struct DaemonWord {
  /// Asks it to end a job by force. False: it did not confirm that.
  std::function<bool(std::uint64_t job_id, const Force& force)> force;
  /// Fetches the file of a job's result that outgrew its room.
  std::function<Result<UniqueFd>(std::uint64_t job_id)> fetch;
};

}  // namespace ringmaster::client
