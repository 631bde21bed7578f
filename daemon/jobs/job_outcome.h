#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shm/segment_view.h"

namespace ringmaster::daemon {

/// What a terminal job was allowed to do; the supervisor's own copy.
struct JobFacts {
  std::uint64_t job_id = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t result_offset = 0;  ///< in the result ring
  std::uint64_t result_capacity = 0;
  std::uint64_t submitted_ns = 0;
  std::uint64_t ended_ns = 0;  ///< when its end was found
  std::uint32_t queue_timeout_ms = 0;
};

/// What a job's submitter may know of the death of its worker.
struct WorkerDeath {
  std::string worker;  ///< "images[1]"
  std::string handler;
  std::string stack;  ///< one frame a line, up to the handler; or why there is none
  std::string what;   ///< of a fault: its address, or the uncaught exception
  std::string core;   ///< that a core was written, and where to look
};

/// How a job ended, as its submitter is told.
struct JobOutcome {
  std::uint64_t job_id = 0;
  Status status = Status::Lost;  ///< what callers act on
  Cause cause = Cause::None;
  std::uint16_t detail = 0;        ///< signal or exit code of a crash
  std::string message;             ///< the handler's, or a sentence; of a done job its remark, if any
  std::string result;              ///< of a done job; of a failed one where the handler said that it goes with it
  std::uint64_t needed_bytes = 0;  ///< when the result was too large for its capacity
  unsigned attempt = 0;            ///< runs, 1: the first; 0: it never ran
  std::uint64_t queued_ns = 0;
  std::uint64_t run_ns = 0;
  std::optional<WorkerDeath> death;  ///< if it took its worker along, and that is still on record
};

/// The outcome of a job in a session whose ring the supervisor has mapped, as read_end() reads it, but for `death`.
/// `word` is its terminal slot word. An end of which its worker says nothing gets a sentence.
[[nodiscard]] JobOutcome read_outcome(const shm::ReplyView& reply, const JobFacts& facts, shm::SlotWord word);

}  // namespace ringmaster::daemon
