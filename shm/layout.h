#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

/// The records that lie in the shared segments, byte for byte. shm/DESIGN.md draws them; both change together.
/// Offsets and indices only, never pointers. All integers are little endian (x86-64, aarch64).
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

}  // namespace ringmaster::shm
