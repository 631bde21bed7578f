#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a worker tells its supervisor: one struct per message of the link (proto/worker_link.h).
namespace ringmaster::worker_link {

inline constexpr std::uint32_t kAbiVersion = 1;
inline constexpr std::size_t kMaxChunkBytes = 16 * 1024;
inline constexpr std::size_t kMaxTextBytes = 2048;
inline constexpr std::size_t kFaultTextBytes = 192;
inline constexpr std::size_t kMaxOutputBytes = 8 * 1024;

/// First message of a worker.
struct Hello {
  std::uint32_t abi = kAbiVersion;
  std::uint32_t pid = 0;  ///< As the worker sees it. For information only: the supervisor uses its pidfd.
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
  BadDescriptor = 3,  ///< A job descriptor is impossible; `detail` is the slot.
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

/// What became of processes that jobs left behind. Only for the log; the counts are in the worker's lane.
struct Leftovers {
  std::uint64_t first_job = 0;  ///< Public id of the first of the jobs that may have left them, and below of the last.
  std::uint64_t last_job = 0;
  std::uint32_t jobs = 0;    ///< How many jobs that may have been.
  std::uint32_t ended = 0;   ///< Were alive, and were killed.
  std::uint32_t kept = 0;    ///< Are alive, and were left alone.
  std::uint32_t reaped = 0;  ///< Had ended already, and were reaped.
  std::string names;         ///< "sleep (pid 12), sh (pid 13)"; of those that were alive.
};

/// The worker has finished max_jobs jobs and will exit with code 0, so another may take its place.
struct Leaving {};

/// A thread of the worker has faulted. The worker waits a moment until its stack is taken (the control segment's
/// fault_taken is set), then dies by the same signal.
struct Fault {
  std::int32_t signal = 0;
  std::int32_t code = 0;      ///< si_code
  std::uint64_t address = 0;  ///< the address that could not be accessed; 0 for a signal that was sent
  std::uint64_t pc = 0;       ///< of the faulting instruction; 0 for a signal that was sent
  std::uint32_t tid = 0;
  std::string text;  ///< of an uncaught exception: its type and message
};

/// The result of the job in this slot needs more room than it has. The worker waits for the answer. Only for a job
/// whose submitter takes spilled results (kJobTakesSpilled).
struct AskRoom {
  std::uint32_t number = 0;  ///< not 0; the worker believes only the answer with the number of its last question
  std::uint32_t index = 0;   ///< of the session, with its serial
  std::uint32_t serial = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t has = 0;     ///< bytes of the memory file that this run of the job has got; 0: none yet
  std::uint64_t needed = 0;  ///< bytes in all, above `has`
  std::uint64_t wished = 0;  ///< at least `needed`: rather so many, against asking often
};

/// The request of the job in this slot, which the worker has claimed, lies in a parcel of its session. The worker waits
/// for the answer: Room with the file, or NoRoom.
struct AskParcel {
  std::uint32_t number = 0;  ///< as in AskRoom
  std::uint32_t index = 0;   ///< of the session, with its serial
  std::uint32_t serial = 0;
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint32_t parcel = 0;  ///< as its client says, who may say anything
};

/// What the worker has read of its own standard output or error and no client gets, for the log (OutputCapture).
struct Output {
  bool standard_error = false;
  std::uint32_t lost = 0;        ///< bytes before these that could not be sent, at most
  std::uint64_t job = 0;         ///< public id of the job that ran when it was read; 0: none
  std::vector<std::byte> bytes;  ///< at most kMaxOutputBytes
};

using ToSupervisor = std::variant<Hello, HandlersChunk, Ready, Attached, Detached, SessionBroken, BootFailed, Leftovers,
                                  Fault, Leaving, AskRoom, AskParcel, Output>;

/// Fault in its wire format, so that a signal handler can fill and send it.
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

}  // namespace ringmaster::worker_link
