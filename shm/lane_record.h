#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "shm/histogram.h"
#include "shm/layout.h"

/// A worker's own segment, its lane, byte for byte: what the worker does, and what it has counted. Only the worker
/// writes it, the supervisor reads it. Drawn in shm/DESIGN.md; change both together.
namespace ringmaster::shm {

/// What one worker incarnation says of itself; no client can write here.
struct alignas(kCacheLine) LaneWords {
  Word64 intent;       ///< Intent::pack
  Word64 stamp_ns;     ///< when the intent was stored, CLOCK_MONOTONIC
  Word64 progress;     ///< counts the signs of life that handlers give
  Word64 run_timeout;  ///< seq:32 | milliseconds:32, copied from the job's descriptor; 0 ms: the pool's timeout
  Word64 handler;      ///< of the job in `intent`
  Word32 state;        ///< LaneState
  Word32 attempt;      ///< of the job in `intent`, counted from 1
  Word64 unmarked;     ///< jobs that have ended since the worker last checked for output (output_mark.h)
  Word64 fault;        ///< signal:32 | si_code:32 of the fault that is ending the process; 0: none
};
static_assert(sizeof(LaneWords) == 64);
enum class LaneState : std::uint32_t {
  Booting = 0,
  Ready = 1,
  Parked = 2,
  Running = 3,
  Resting = 4,
  Stopped = 5,
  Faulted = 6
};

/// What the buckets cannot tell of the times that a lane has counted.
struct LaneTimes {
  Word64 sum_ns;
  Word64 max_ns;
};
/// Every job writes only the first cache line.
struct alignas(kCacheLine) LaneCounters {
  Word64 done;
  Word64 bytes_in;
  Word64 bytes_out;
  Word64 waited;    ///< jobs that were claimed after all workers had been busy
  LaneTimes queue;  ///< submitted to claimed
  LaneTimes run;    ///< claimed to finished
  // second cache line
  Word64 failed;        ///< application, invalid, too large, unknown handler
  Word64 missed_wakes;  ///< jobs that were found after a sleep timed out: nobody had rung for them
  Word64 tampered;      ///< slot words that the client had altered: found at a completion or a claim
  Word64 parks;
  Word64 cancelled;  ///< by a handler that checks for it, or before the handler was called
  Word64 timed_out;  ///< likewise
  Word64 refused;    ///< because their uid is charged (charges.h)
  Word64 ended_ns;   ///< when the last job that ran ended; 0: none has
};
static_assert(sizeof(LaneCounters) == 128);
/// Jobs that this worker has finished, however they ended. A refused job does not count: it never began.
[[nodiscard]] inline std::uint64_t finished_jobs(const LaneCounters& counters) noexcept {
  std::uint64_t sum = 0;
  for (const Word64* one : {&counters.done, &counters.failed, &counters.cancelled, &counters.timed_out})
    sum += one->load(std::memory_order_relaxed);
  return sum;
}
/// Processes that this worker's jobs left behind.
struct alignas(kCacheLine) LaneLeftovers {
  Word64 ended;   ///< killed
  Word64 kept;    ///< left alone, because the pool's configuration says so
  Word64 reaped;  ///< were dead already, and have been reaped
  Word64 now;     ///< how many there were at the last look, dead ones included
};
struct LaneRecord {
  SegmentHeader header;
  LaneWords words;
  LaneCounters counters;
  Word64 queue_buckets[kTimeBuckets];  ///< shm/histogram.h; sums and maxima are in `counters`
  Word64 run_buckets[kTimeBuckets];
  LaneLeftovers left;
  Word64 fault_address;  ///< of the fault in `fault`
  Word64 last_user;      ///< uid + 1 of the submitter of its last job; 0: none
  Word64 empty_rings;    ///< rings of sessions' bells after which it found no job
  Word64 reads_output;   ///< not 0: from Ready on, the worker itself reads what it writes to standard output and error
  Word64 output_of;      ///< the intent of the job whose text is in its pipes; 0: none's
  Word64 cpu;            ///< where it last looked for a job in vain, as a CpuMark (base/spin_step.h)
};
static_assert(offsetof(LaneRecord, queue_buckets) == 256 && offsetof(LaneRecord, run_buckets) == 2896 &&
              offsetof(LaneRecord, left) == 5568 && offsetof(LaneRecord, fault_address) == 5632 &&
              offsetof(LaneRecord, last_user) == 5640 && offsetof(LaneRecord, empty_rings) == 5648 &&
              offsetof(LaneRecord, reads_output) == 5656 && offsetof(LaneRecord, output_of) == 5664 &&
              offsetof(LaneRecord, cpu) == 5672);

}  // namespace ringmaster::shm
