#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "shm/histogram.h"

/// The records that lie in the shared segments, byte for byte. shm/DESIGN.md draws them; both change together.
/// Offsets and indices only, never pointers. All integers are little endian (x86-64, aarch64).
namespace ringmaster {

inline constexpr std::uint32_t kLayoutVersion = 4;
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::uint32_t kMinSlots = 64;
inline constexpr std::uint32_t kMaxSlots = 4096;
inline constexpr std::uint32_t kMaxSessions = 1024;
inline constexpr std::uint32_t kMaxWorkers = 1024;
inline constexpr std::uint32_t kMaxPools = 64;
inline constexpr std::uint32_t kBoardWords = 4;  ///< 64 workers each: at most 256 workers in a pool
inline constexpr std::size_t kMessageBytes = 448;
inline constexpr std::size_t kMaxArgumentBytes = std::size_t{64} << 10;

using Word32 = std::atomic<std::uint32_t>;
using Word64 = std::atomic<std::uint64_t>;
static_assert(Word32::is_always_lock_free && Word64::is_always_lock_free && sizeof(Word32) == 4 && sizeof(Word64) == 8);

enum class SegmentMagic : std::uint64_t {
  Request = 0x3171657252474E52,  // "RNGRreq1"
  Reply = 0x31706C7252474E52,    // "RNGRrlp1"
  Lane = 0x316E616C52474E52,     // "RNGRlan1"
  Control = 0x316C746352474E52,  // "RNGRctl1"
  Board = 0x3164726252474E52,    // "RNGRbrd1"
  Ledger = 0x3167646C52474E52,   // "RNGRldg1"
};

/// The first 64 bytes of every segment. Written once by the supervisor before anyone else maps it.
struct alignas(kCacheLine) SegmentHeader {
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint32_t slots;        ///< request, reply
  std::uint64_t total_bytes;  ///< the size of the memfd
  std::uint64_t ring_bytes;   ///< request, reply
  std::uint32_t session_serial;
  std::uint32_t session_index;
  std::uint32_t pool;
  std::uint32_t worker;
  std::uint32_t incarnation;
  std::uint32_t reserved;
};
static_assert(sizeof(SegmentHeader) == 64);

/// What a client asks for. One per slot in the request segment, written by the client only, before the slot is Ready.
/// The first cache line is all that a worker reads on its way; the second is for those who ask later.
struct alignas(kCacheLine) JobDescriptor {
  std::uint32_t seq;
  std::uint32_t flags;         ///< kJobIdempotent
  std::uint64_t handler;       ///< FNV-1a 64 of the handler's name
  std::uint32_t request_line;  ///< start of the request in the request ring, in cache lines
  std::uint32_t result_line;   ///< start of the result extent in the result ring, in cache lines
  std::uint64_t request_bytes;
  std::uint64_t result_capacity;   ///< bytes
  std::uint32_t arguments_line;    ///< in the request ring, in cache lines
  std::uint32_t arguments_bytes;   ///< 0: none
  std::uint64_t submitted_ns;      ///< CLOCK_MONOTONIC
  std::uint32_t queue_timeout_ms;  ///< since submitted_ns; 0: none
  std::uint32_t run_timeout_ms;    ///< 0: the pool's
  // second cache line
  std::uint64_t cookie[2];  ///< chosen by the submitter, to find the job again; 0: none
  std::uint64_t submitter;  ///< of a job submitted as a message: its submitter's uid + 1; 0: nobody. Only the
                            ///< supervisor's own sessions carry it; in a client's it means nothing
  std::uint64_t reserved[5];
};
static_assert(sizeof(JobDescriptor) == 128);
inline constexpr std::uint32_t kJobIdempotent = 1;

/// Reply segment, one cache line per slot: the word, and what the owner says of the result.
/// Everything but the word is written only by the owner, before it completes.
struct alignas(kCacheLine) SlotLine {
  Word64 word;
  std::uint64_t result_bytes;
  std::uint64_t needed_bytes;  ///< with Cause::TooLarge
  std::uint64_t started_ns;    ///< CLOCK_MONOTONIC
  std::uint64_t finished_ns;
  std::uint32_t result_seq;  ///< of the job that these belong to
  std::uint32_t message_bytes;
  std::uint16_t worker;
  std::uint16_t incarnation;
  std::uint32_t reserved[3];
};
static_assert(sizeof(SlotLine) == 64);

struct alignas(kCacheLine) ResultMessage {
  char text[kMessageBytes];
};
static_assert(sizeof(ResultMessage) == 448);

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
  Draining = 4,
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

/// Hints of one pool. Anyone may re-create them; nothing depends on their truth but speed.
struct BoardRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word64 idle[kBoardWords];
  Word32 standby;   ///< place + 1 of the worker that sleeps a half millisecond at a time beside the streamer; 0: none
  Word32 streamer;  ///< place + 1 of the worker that runs short jobs one after the other; 0: none
  alignas(kCacheLine) Word64 spin[kBoardWords];
  alignas(kCacheLine) Word32 closed;  ///< BoardClosed, by the supervisor: what a client is to refuse by itself
};
static_assert(offsetof(BoardRecord, standby) == 96 && offsetof(BoardRecord, spin) == 128);
/// Why a pool takes no new work.
enum class BoardClosed : std::uint32_t { Open = 0, Draining = 1, Quarantined = 2, Stopping = 3 };

}  // namespace ringmaster
