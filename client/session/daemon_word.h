#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/types/options.h"
#include "client/types/refusal.h"

namespace ringmaster::client {

/// A parcel that the daemon made: memory for one request that is larger than its session's ring.
struct ParcelGiven {
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;
  UniqueFd file;
};

/// What a session has to ask the daemon over the socket. Each may be empty, and may be called by any thread.
struct DaemonWord {
  /// Asks it to end a job by force. False: it did not confirm that.
  std::function<bool(std::uint64_t job_id, const Force& force)> force = {};
  /// Fetches the file of a job's result that outgrew its room.
  std::function<Result<UniqueFd>(std::uint64_t job_id)> fetch = {};
  /// Asks for memory for a request that is larger than the session's ring.
  std::function<Submission<ParcelGiven>(std::uint64_t bytes)> parcel = {};
};

}  // namespace ringmaster::client
