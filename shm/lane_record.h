#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "shm/histogram.h"
#include "shm/layout.h"

/// A worker's own segment, its lane, byte for byte: what it says of itself and what it has counted. One writer, the
/// worker; the supervisor reads. shm/DESIGN.md draws it; both change together.
namespace ringmaster::shm {

/// One worker incarnation's own words; nobody else can write them.
struct alignas(kCacheLine) LaneWords {
  Word64 intent;       ///< Intent::pack
  Word64 stamp_ns;     ///< when the intent was stored, CLOCK_MONOTONIC
  Word64 progress;     ///< signs of life that handlers give
  Word64 run_timeout;  ///< seq:32 | milliseconds:32 as the worker copied it from the descriptor; 0 ms: the pool's
  Word64 handler;      ///< of the job in `intent`
  Word32 state;        ///< LaneState
  Word32 attempt;      ///< of the job in `intent`, counted from 1
  Word64 unmarked;     ///< jobs that ended since the worker last looked whether they wrote text (output_mark.h)
  Word64 fault;        ///< signal:32 | si_code:32 of the fault that the process is about to die of; 0: none
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

/// What no bucket tells of the times that a lane has counted.
struct LaneTimes {
  Word64 sum_ns;
  Word64 max_ns;
};
/// The first line is what every job writes.
struct alignas(kCacheLine) LaneCounters {
  Word64 done;
  Word64 bytes_in;
  Word64 bytes_out;
  Word64 waited;    ///< claimed after they had waited for a worker to be free: all were busy
  LaneTimes queue;  ///< submitted to claimed
  LaneTimes run;    ///< claimed to finished
  // second cache line
  Word64 failed;        ///< application, invalid, too large, unknown handler
  Word64 missed_wakes;  ///< jobs found by a time-out instead of a ring
  Word64 tampered;      ///< words that their client had altered: completions refused, claims that cannot be
  Word64 parks;
  Word64 cancelled;  ///< by a handler that listened, or before it began
  Word64 timed_out;  ///< likewise
  Word64 refused;    ///< because of what their uid is charged with (charges.h)
  Word64 ended_ns;   ///< when the last job that ran has ended; 0: none has
};
static_assert(sizeof(LaneCounters) == 128);
/// Jobs that this worker has finished, however they ended. One that was refused was not begun.
[[nodiscard]] inline std::uint64_t finished_jobs(const LaneCounters& counters) noexcept {
  std::uint64_t sum = 0;
  for (const Word64* one : {&counters.done, &counters.failed, &counters.cancelled, &counters.timed_out})
    sum += one->load(std::memory_order_relaxed);
  return sum;
}
/// Processes that this worker's jobs left behind.
struct alignas(kCacheLine) LaneLeftovers {
  Word64 ended;   ///< killed
  Word64 kept;    ///< left alone, by the pool's policy
  Word64 reaped;  ///< dead ones whose status was taken
  Word64 now;     ///< there at the last look, dead ones included
};
struct LaneRecord {
  SegmentHeader header;
  LaneWords words;
  LaneCounters counters;
  Word64 queue_buckets[kTimeBuckets];  ///< shm/histogram.h; what they leave out is in `counters`
  Word64 run_buckets[kTimeBuckets];
  LaneLeftovers left;
  Word64 fault_address;  ///< beside `fault`
  Word64 last_user;      ///< uid + 1 of whose job it ran last; 0: none
  Word64 empty_rings;    ///< rings of sessions' bells that told it of no job
};
static_assert(offsetof(LaneRecord, queue_buckets) == 256 && offsetof(LaneRecord, run_buckets) == 2896 &&
              offsetof(LaneRecord, left) == 5568 && offsetof(LaneRecord, fault_address) == 5632 &&
              offsetof(LaneRecord, last_user) == 5640 && offsetof(LaneRecord, empty_rings) == 5648);

}  // namespace ringmaster::shm
