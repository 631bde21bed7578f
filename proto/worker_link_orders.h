#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

/// What a supervisor tells its workers: one struct per message of the link (proto/worker_link.h).
namespace ringmaster::worker_link {

inline constexpr std::uint32_t kMaxSessions = 1024;
inline constexpr std::uint32_t kMaxSlots = 4096;
inline constexpr std::uint8_t kClasses = 4;

/// Map a session and serve it. Comes with three descriptors: request segment (read-only to a worker), reply segment,
/// the session's bell (only to be watched). Answered by Attached, or by SessionBroken if the segments are not valid.
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
  bool told_of = false;  ///< The supervisor is the client: it sends a Look to one worker instead of ringing a bell.
};

/// Unmap the session (between jobs) and answer Detached. A session the worker does not have is answered too.
struct Detach {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

/// paused: claim no further job, finish the running one, stay. Not paused: claim again.
struct Claiming {
  bool paused = true;
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

/// There may be a job for which no bell rang: wake up and look for it.
struct Look {
  std::uint32_t index = 0;   ///< The session that may have the job.
  std::uint32_t serial = 0;  ///< Its serial; 0: look at all sessions.
};

inline constexpr std::size_t kMaxReasonBytes = 512;

/// The answer to AskRoom, with one descriptor: the memory file, which has so many bytes from now on. Also the answer to
/// AskParcel: the descriptor is for reading then, and the size is the parcel's.
struct Room {
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;
};

/// The other answer to both: there is none; `why` is for the job's submitter.
struct NoRoom {
  std::uint32_t number = 0;
  std::string why;
};

using ToWorker = std::variant<Attach, Detach, Claiming, Exit, Settings, Look, Room, NoRoom>;

}  // namespace ringmaster::worker_link
