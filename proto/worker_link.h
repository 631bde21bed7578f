#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// The link between supervisor and worker: descriptor 3 of a worker, AF_UNIX SOCK_SEQPACKET, one message per packet.
/// Fixed little-endian structs instead of protobuf, for the worker's start-up time and size. Layout: proto/PROTOCOL.md.
/// Both sides decode with validation: a worker is not trusted by the supervisor.
namespace ringmaster::worker_link {

inline constexpr std::uint32_t kAbiVersion = 1;
inline constexpr std::size_t kMaxMessageBytes = 32 * 1024;
inline constexpr std::size_t kMaxFds = 3;
inline constexpr std::size_t kMaxChunkBytes = 16 * 1024;
inline constexpr std::size_t kMaxTextBytes = 2048;
inline constexpr std::size_t kFaultTextBytes = 192;
inline constexpr std::uint32_t kMaxSessions = 1024;
inline constexpr std::uint32_t kMaxSlots = 4096;
inline constexpr std::uint8_t kClasses = 4;

// ---- to the worker ----

/// Map a session and serve it. Comes with three descriptors: request segment (read-only to a worker), reply segment,
/// the session's bell, to be watched only. Answered by Attached, or by SessionBroken when the segments are not what
/// they should be.
struct Attach {
  std::uint32_t index = 0;   ///< Place in the session table, < kMaxSessions.
  std::uint32_t serial = 0;  ///< Unique for the daemon's life; never 0.
  std::uint32_t uid = 0;
  bool same_uid = false;      ///< Requests may be read in place: the client has the worker's uid, or is the supervisor.
  std::uint8_t priority = 0;  ///< Class, < kClasses; 0 first.
  std::uint32_t weight = 1;   ///< Share among sessions of one class; ≥ 1.
  std::uint32_t slots = 0;    ///< 1 to kMaxSlots.
  std::uint64_t request_segment_bytes = 0;  ///< Size of the whole memfd.
  std::uint64_t reply_segment_bytes = 0;
  std::uint64_t request_ring_bytes = 0;  ///< Size of the payload ring in it.
  std::uint64_t result_ring_bytes = 0;
  std::uint64_t opened_ns = 0;  ///< CLOCK_MONOTONIC; none of its jobs was submitted before.
  bool told_of = false;         ///< The supervisor is its client: a Look to one worker tells of its jobs, and no bell.
};

/// Unmap the session (between jobs) and answer Detached. A session the worker does not have is answered too.
struct Detach {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

/// on: claim no further job, finish the running one, stay. off: claim again.
struct Drain {
  bool on = true;
};

/// Leave with exit code 0 as soon as no job is running.
struct Exit {};

/// How to wait and what to copy; sent after Hello, before the first Attach, and again when it changes. Durations in ns.
struct Settings {
  std::uint64_t spin_ns = 50'000;           ///< How long an idle worker looks before it parks; 0: not at all.
  std::uint32_t max_spinners = 1;           ///< Workers of the pool that may spin at the same time.
  std::uint32_t copy_in_bytes = 64 * 1024;  ///< Requests of other uids up to this size are copied before they are read.
  std::uint64_t wait_ns = 1'000'000'000;    ///< Bound of one wait after recent work.
  std::uint64_t idle_wait_ns = 60'000'000'000;  ///< Bound of one wait when idle for long.
  std::uint64_t grace_ns = 0;                   ///< Between cancel word and kill.
  bool keep_leftovers = false;                  ///< Processes that jobs leave behind: reported, not ended.
};

/// There may be a job that no bell has told of. Claims what there is; whoever sleeps wakes up for it.
struct Look {
  std::uint32_t index = 0;   ///< The session that has it,
  std::uint32_t serial = 0;  ///< 0: any may have.
};

using ToWorker = std::variant<Attach, Detach, Drain, Exit, Settings, Look>;

// ---- to the supervisor ----

/// First message of a worker.
struct Hello {
  std::uint32_t abi = kAbiVersion;
  std::uint32_t pid = 0;  ///< As the worker sees it; informational, the supervisor goes by its pidfd.
};

/// A piece of encode_handlers(); pieces come in order, `last` on the final one. Before Ready.
struct HandlersChunk {
  std::uint32_t number = 0;  ///< 0, 1, 2, …
  bool last = false;
  std::vector<std::byte> bytes;  ///< At most kMaxChunkBytes.
};

/// Warm-up is over; jobs may be claimed.
struct Ready {};

struct Attached {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

/// The session is unmapped here and its descriptors are closed.
struct Detached {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

enum class BrokenReason : std::uint32_t {
  BadSegment = 1,     ///< Wrong seals, size or header.
  MapFailed = 2,      ///< mmap or the poll set refused; `detail` is the errno.
  BadDescriptor = 3,  ///< A job descriptor cannot be; `detail` is the slot.
  WordTampered = 4,   ///< A slot word is not what its client may write; `detail` is the slot.
  BadIndex = 5,       ///< Index or serial does not fit the worker's table.
  BellStorm = 6,      ///< Its bell rang again and again without a job; `detail` is how often.
};

[[nodiscard]] std::string_view to_string(BrokenReason reason);

/// The worker dropped (unmapped) this session; no Detached follows for it.
struct SessionBroken {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
  BrokenReason reason = BrokenReason::BadSegment;
  std::uint64_t detail = 0;
};

/// The worker cannot start and is about to exit; `text` says why, in one line.
struct BootFailed {
  std::string text;
};

/// What became of processes that jobs left behind. For the log: the worker counts them in its lane.
struct Leftovers {
  std::uint64_t first_job = 0;  ///< Public ids of the first and the last of the jobs of which one left them.
  std::uint64_t last_job = 0;
  std::uint32_t jobs = 0;    ///< How many they are.
  std::uint32_t ended = 0;   ///< Were alive, and were killed.
  std::uint32_t kept = 0;    ///< Are alive, and were left alone.
  std::uint32_t reaped = 0;  ///< Had ended; their statuses were taken.
  std::string names;         ///< "sleep (pid 12), sh (pid 13)"; of those that were alive.
};

/// A thread of the worker has faulted. The worker waits a moment for its stack to be taken, until the control segment's
/// fault_taken is set, and dies by the same signal.
struct Fault {
  std::int32_t signal = 0;
  std::int32_t code = 0;      ///< si_code
  std::uint64_t address = 0;  ///< that could not be accessed; 0 for a signal that was sent
  std::uint64_t pc = 0;       ///< of the instruction; 0 likewise
  std::uint32_t tid = 0;
  std::string text;  ///< of an uncaught exception: its type and message
};

using ToSupervisor =
    std::variant<Hello, HandlersChunk, Ready, Attached, Detached, SessionBroken, BootFailed, Leftovers, Fault>;

// ---- codec ----

/// Fault as it goes over the wire, to be filled and sent in a signal handler.
struct FaultPacket {
  std::uint16_t type = 0x0209;
  std::uint16_t zero = 0;
  std::uint32_t length = sizeof(FaultPacket);
  std::int32_t signal = 0;
  std::int32_t code = 0;
  std::uint64_t address = 0;
  std::uint64_t pc = 0;
  std::uint32_t tid = 0;
  std::uint32_t reserved = 0;
  char text[kFaultTextBytes] = {};  ///< ends with 0
};
static_assert(sizeof(FaultPacket) == 40 + kFaultTextBytes);

/// One packet. Texts longer than kMaxTextBytes are cut. REQUIRES: chunks of at most kMaxChunkBytes.
[[nodiscard]] std::vector<std::byte> encode(const ToWorker& message);
[[nodiscard]] std::vector<std::byte> encode(const ToSupervisor& message);

/// Descriptors that must come with the message: 3 with Attach, else 0.
[[nodiscard]] std::size_t fds_of(const ToWorker& message);

/// Every field is in range, the packet has exactly the message's length, and `fd_count` is what the message wants.
[[nodiscard]] Result<ToWorker> decode_to_worker(std::span<const std::byte> packet, std::size_t fd_count);
[[nodiscard]] Result<ToSupervisor> decode_to_supervisor(std::span<const std::byte> packet, std::size_t fd_count);

/// The HandlersChunk messages for an encoded table; at least one.
[[nodiscard]] std::vector<HandlersChunk> to_chunks(std::span<const std::byte> table);

}  // namespace ringmaster::worker_link
