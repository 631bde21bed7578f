#pragma once

#include <cstdint>
#include <string_view>

namespace ringmaster {

/// Why a job reached its terminal state. Stands in bits 16..23 of a terminal slot word. 0 is never valid.
/// Values are part of the shared layout: append, never renumber.
enum class Cause : std::uint8_t {
  None = 0,
  Completed = 1,           ///< the handler returned
  Application = 2,         ///< the handler failed; its message is in the result message
  Invalid = 3,             ///< the handler or the worker refused the request (bad argument, bad descriptor)
  TooLarge = 4,            ///< the result does not fit its extent; `needed` says how many bytes would
  UnknownHandler = 5,      ///< no handler of that name in this pool
  QueueTimeout = 6,        ///< not claimed before its queue deadline
  RunTimeout = 7,          ///< the worker was killed at the run deadline
  CrashedSignal = 8,       ///< the worker died by a signal; detail = signal
  CrashedExit = 9,         ///< the worker exited on its own; detail = exit code
  OutOfMemory = 10,        ///< the worker was killed for memory
  Cancelled = 11,          ///< by its client, an administrator, or the end of its session, pool or daemon
  Lost = 12,               ///< the daemon shut down or lost its state
  Poisoned = 13,           ///< it killed its worker too often; detail = last signal, or kExitDetail + exit status
  ProtocolViolation = 14,  ///< its client altered the slot's word
  Refused = 15,            ///< the pool takes no new work (it drains, or has no living worker), or none of this
                           ///< uid, because its jobs have ended workers: then there is a message
  CancelledByForce = 16,   ///< as Cancelled, but its worker was killed or died; detail = the grace in ms
  PoolRemoved = 17         ///< the pool was dropped, or its creator is gone
};
/// The detail of Poisoned, from here on: an exit status, of a worker that exited.
inline constexpr std::uint16_t kExitDetail = 256;
inline constexpr Cause kLastCause = Cause::PoolRemoved;

namespace shm {
/// The detail of Completed and Application: the result outgrew its extent and lies in a memory file of its own, which
/// the submitter fetches from the supervisor. Its size, in the slot's line, is above the capacity.
inline constexpr std::uint16_t kDetailSpilled = 1;
/// The detail of TooLarge: the worker asked for more room, and got none. To run the job again would not help.
inline constexpr std::uint16_t kDetailNoRoom = 1;
}  // namespace shm

/// The seven ways a job can end. Every accepted job gets exactly one.
enum class Status : std::uint8_t {
  Done,       ///< the handler returned a result
  Failed,     ///< the handler reported a failure
  Crashed,    ///< its worker died
  TimedOut,   ///< not started before its queue timeout, or killed at its run timeout
  Cancelled,  ///< by its client, an administrator, or the end of its session, pool or daemon
  Refused,    ///< bad request, unknown handler, or a result larger than its room
  Lost,       ///< the daemon shut down or is gone, or its pool is
  Rejected [[deprecated("it is called Refused")]] = Refused
};
/// The status that belongs to a cause; Failed for an unknown cause.
[[nodiscard]] Status status_of(Cause cause) noexcept;

/// True for the causes that mean that the worker which ran the job ended with it.
[[nodiscard]] bool took_its_worker(Cause cause) noexcept;

/// A name for people: "completed", "run timeout", ...; "none" for an unknown value.
[[nodiscard]] std::string_view to_string(Cause cause) noexcept;

}  // namespace ringmaster
