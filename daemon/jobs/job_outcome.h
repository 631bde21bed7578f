#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

/// The limits of a job that has ended; the supervisor's own copy.
struct JobFacts {
  std::uint64_t job_id = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t result_offset = 0;  ///< offset in the result ring
  std::uint64_t result_capacity = 0;
  std::uint64_t submitted_ns = 0;
  std::uint64_t ended_ns = 0;  ///< when its end was found
  std::uint32_t queue_timeout_ms = 0;
};

/// What a job's submitter may know about the death of its worker.
struct WorkerDeath {
  std::string worker;  ///< "images[1]"
  std::string handler;
  std::string stack;  ///< one frame per line, up to the handler; or why there is none
  std::string what;   ///< the address of a fault, or the uncaught exception
  std::string core;   ///< says that a core was written, and where to look
};

/// How a job ended, for its submitter.
struct JobOutcome {
  std::uint64_t job_id = 0;
  Status status = Status::Lost;  ///< what callers act on
  Cause cause = Cause::None;
  std::uint16_t detail = 0;  ///< signal or exit code of a crash
  std::string message;       ///< the handler's, or a sentence of ours; for a done job the handler's remark, if any
  std::string result;        ///< of a done job, or of a failed one whose handler delivers a result
  std::uint64_t spilled_bytes = 0;    ///< not 0: the result outgrew its extent, and lies in this file
  std::shared_ptr<UniqueFd> spilled;  ///< whoever sends it takes it
  std::uint64_t needed_bytes = 0;     ///< when the result was too large for its capacity
  unsigned attempt = 0;               ///< how many times it ran; 0: never
  std::uint64_t queued_ns = 0;
  std::uint64_t run_ns = 0;
  std::optional<WorkerDeath> death;  ///< if its worker died over it, and that is still recorded
};

/// The outcome of a job in a session whose ring the supervisor has mapped, without `death`. `word` is its terminal slot
/// word. If the worker wrote no message, a sentence takes its place.
[[nodiscard]] JobOutcome read_outcome(const shm::ReplyView& reply, const JobFacts& facts, shm::SlotWord word);

}  // namespace ringmaster::daemon
