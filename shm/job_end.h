#pragma once

#include <cstdint>

#include "shm/layout.h"
#include "shm/slot_word.h"

/// What a terminal slot says of its job's time: one reading for clients and for the supervisor, which is the client of
/// jobs that come as messages.
namespace ringmaster {

/// True for an end that a job can meet while it waits: nobody writes into its line then (an unfenced worker may be
/// there), and its client tells by its own clock how long it waited.
[[nodiscard]] bool may_end_in_queue(SlotWord end) noexcept;

/// The submitter's own copy.
struct SubmittedJob {
  std::uint32_t seq = 0;
  std::uint32_t queue_timeout_ms = 0;  ///< 0: none, or the pool's
  std::uint64_t submitted_ns = 0;
};

struct JobEnd {
  bool told = false;            ///< the line is about this job: by its worker, or by whoever buried that
  unsigned attempts = 0;        ///< runs, counted from 1; 0: it never ran
  std::uint64_t queued_ns = 0;  ///< submitted to claimed for the last time, or to its end in the queue; 0: not known
  std::uint64_t run_ns = 0;     ///< of the last attempt
};
/// `seen_ns`: when the submitter found it terminal (CLOCK_MONOTONIC); 0: not known. Each field of the line is read
/// once: a hostile worker may be changing it.
[[nodiscard]] JobEnd read_end(SlotLine& line, SlotWord end, const SubmittedJob& job, std::uint64_t seen_ns) noexcept;

}  // namespace ringmaster
