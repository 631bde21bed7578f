#pragma once

#include <cstdint>

#include "proto/control.pb.h"
#include "shm/segment_view.h"

namespace ringmaster {

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

/// The typed outcome that callers act on.
[[nodiscard]] control::v1::OutcomeKind kind_of(Status status);

/// The outcome of a job in a session whose ring the supervisor has mapped, as read_end() reads it. `word` is its
/// terminal slot word. An end of which its worker says nothing gets a sentence.
void fill_outcome(const ReplyView& reply, const JobFacts& facts, SlotWord word, control::v1::Outcome& outcome);

}  // namespace ringmaster
