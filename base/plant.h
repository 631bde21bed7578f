#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "ringmaster_plants.h"

/// Deliberate faults that prove that the judge (tests/chaos) finds faults. They are compiled in only with
/// RINGMASTER_PLANTS (the sanitizer preset; a test checks that no release has them), and act only in a process whose
/// environment names one: PLANTED_FAULT=retry-any.
namespace ringmaster {

enum class Plant : std::uint8_t {
  ColdStart,       ///< the keeper starts no successor: it treats each death of the supervisor as one too many
  DescriptorLeft,  ///< the keeper does not close the descriptors that it is told to release
  OrphanLeft,      ///< processes that a dead worker had started are not killed
  OutcomeForeign,  ///< the outcome of a job sent as a message carries the previous job's result
  OutcomeNever,    ///< jobs of a dead worker are never ended
  OutcomeTwice,    ///< the outcome of a job sent as a message is sent twice
  RefuseFull,      ///< some jobs sent as messages are refused as "queue full" without need
  ResultMixed,     ///< 64 bytes of a result are repeated in its middle
  ResultShort,     ///< a result's last byte is missing
  RetryAny,        ///< a job that is not idempotent is tried again
  RetryForever,    ///< an idempotent job is tried again without limit
  SessionLeft,     ///< workers never release a session
  SocketLeft,      ///< socket and lock file are not removed when the daemon ends
  WakeLost,        ///< clients ring the bell for every second job only
};

#ifdef RINGMASTER_PLANTS

inline constexpr const char* kPlants[] = {"cold-start",    "descriptor-left", "orphan-left",   "outcome-foreign",
                                          "outcome-never", "outcome-twice",   "refuse-full",   "result-mixed",
                                          "result-short",  "retry-any",       "retry-forever", "session-left",
                                          "socket-left",   "wake-lost"};
static_assert(std::size(kPlants) == static_cast<std::size_t>(Plant::WakeLost) + 1);

/// True at every `every`th call from one place in the code, in a process whose environment names this fault.
[[nodiscard]] inline bool planted(Plant plant, unsigned every = 1) noexcept {
  static const char* const told = std::getenv("PLANTED_FAULT");
  static unsigned calls = 0;
  if (told == nullptr || std::strcmp(told, kPlants[static_cast<std::size_t>(plant)]) != 0) return false;
  return ++calls % every == 0;
}

#else

[[nodiscard]] constexpr bool planted(Plant /*plant*/, unsigned /*every*/ = 1) noexcept { return false; }

#endif

}  // namespace ringmaster
