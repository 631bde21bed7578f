#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

/// The records in the shared segments, byte for byte. Drawn in shm/DESIGN.md; change both together. Offsets and
/// indices only, never pointers. All integers are little endian (x86-64, aarch64).
namespace ringmaster::shm {

inline constexpr std::uint32_t kLayoutVersion = 4;
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::uint32_t kMinSlots = 64;
inline constexpr std::uint32_t kMaxSlots = 4096;
inline constexpr std::uint32_t kMaxSessions = 1024;
inline constexpr std::uint32_t kMaxWorkers = 1024;
inline constexpr std::uint32_t kMaxPools = 64;
inline constexpr std::uint32_t kBoardWords = 4;  ///< 64 workers each: at most 256 workers in a pool
inline constexpr std::size_t kMessageBytes = 448;
inline constexpr std::size_t kLabelBytes = 36;
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

/// A job's description: one per slot in the request segment, written by the client only, before the slot is Ready. A
/// worker reads only the first cache line to run the job; the second is for later questions about it.
struct alignas(kCacheLine) JobDescriptor {
  std::uint32_t seq;
  std::uint32_t flags;         ///< kJobIdempotent, kJobTakesSpilled, kJobTakesMessages, kJobCpuShift
  std::uint64_t handler;       ///< FNV-1a 64 of the handler's name
  std::uint32_t request_line;  ///< start of the request in the request ring, in cache lines; or kRequestInParcel
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
  union {
    std::uint64_t submitter;  ///< in the supervisor's own sessions, of a job sent as a message: its submitter's uid +
                              ///< 1; 0: none
    std::uint64_t parcel;     ///< in a client's session, with kRequestInParcel: its number; else of no meaning
  };
  char label[kLabelBytes];     ///< what the submitter calls the job (job_label.h); ends with 0 if it is shorter
  std::uint32_t message_room;  ///< with kJobTakesMessages: bytes for them (message_log.h)
};
static_assert(sizeof(JobDescriptor) == 128);
inline constexpr std::uint32_t kJobIdempotent = 1;
/// In place of a request's line: it lies in a memory file of its own, a parcel. Such a line is in no ring, so whoever
/// does not know of parcels refuses the job.
inline constexpr std::uint32_t kRequestInParcel = 0xFFFFFFFF;
inline constexpr std::uint32_t kJobTakesSpilled = 2;   ///< its submitter can fetch a result that outgrew its extent
inline constexpr std::uint32_t kJobTakesMessages = 4;  ///< behind its result there is room for messages
/// In a job's flags, from this bit on: the client's CPU, as a CpuMark (base/spin_step.h); a hint.
inline constexpr std::uint32_t kJobCpuShift = 16;
inline constexpr std::uint32_t kJobFlags = (1U << kJobCpuShift) - 1;  ///< the bits before it

/// Reply segment, one cache line per slot: the slot's word, and what its owner says of the result. The owner writes all
/// fields but the word before it completes the job; the supervisor writes them in place of a dead owner.
struct alignas(kCacheLine) SlotLine {
  Word64 word;
  std::uint64_t result_bytes;
  std::uint64_t needed_bytes;  ///< with Cause::TooLarge
  std::uint64_t started_ns;    ///< CLOCK_MONOTONIC
  std::uint64_t finished_ns;
  std::uint32_t result_seq;  ///< seq of the job that these fields are about
  std::uint32_t message_bytes;
  std::uint16_t worker;
  std::uint16_t incarnation;
  std::uint32_t cpu;  ///< the worker's, as a CpuMark (base/spin_step.h); a hint
  std::uint32_t reserved[2];
};
static_assert(sizeof(SlotLine) == 64);

struct alignas(kCacheLine) ResultMessage {
  char text[kMessageBytes];
};
static_assert(sizeof(ResultMessage) == 448);

/// Hints of one pool. They can be re-created at any time; if they are wrong, only speed suffers.
struct BoardRecord {
  SegmentHeader header;
  alignas(kCacheLine) Word64 idle[kBoardWords];
  Word32 standby;   ///< place + 1 of the worker that wakes each half millisecond to help the streamer; 0: none
  Word32 streamer;  ///< place + 1 of the worker that alone runs the many short jobs; 0: none
  alignas(kCacheLine) Word64 spin[kBoardWords];
  alignas(kCacheLine)
      Word32 closed;  ///< BoardClosed, written by the supervisor: whether clients shall refuse jobs themselves
};
static_assert(offsetof(BoardRecord, standby) == 96 && offsetof(BoardRecord, spin) == 128);
/// Why a pool takes no new work.
enum class BoardClosed : std::uint32_t { Open = 0, Draining = 1, Quarantined = 2, Stopping = 3 };

}  // namespace ringmaster::shm
