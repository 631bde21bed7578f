#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "ringmaster_plants.h"

/// Faults for the judge (tests/chaos) to find: a judge that never found anything may be blind. They exist only where
/// the build says so (RINGMASTER_PLANTS: the sanitizer preset; never in a release, and a test looks), and there only
/// for a process whose environment names one: PLANTED_FAULT=retry-any.
namespace ringmaster {

enum class Plant : std::uint8_t {
  ColdStart,       ///< the keeper takes each death of the supervisor for one too many
  DescriptorLeft,  ///< the keeper closes no descriptor that it was told to release
  OrphanLeft,      ///< what a dead worker had started lives on
  OutcomeForeign,  ///< a message's outcome carries the result of the one before
  OutcomeNever,    ///< jobs of a dead worker are left as they are
  OutcomeTwice,    ///< a message's outcome is sent twice
  RefuseFull,      ///< jobs as messages: "queue full", now and then
  ResultMixed,     ///< 64 bytes of a result lie in its middle once more
  ResultShort,     ///< a result's last byte is missing
  RetryAny,        ///< a job that is not idempotent is tried again
  RetryForever,    ///< an idempotent one has no limit
  SessionLeft,     ///< workers let go of no session
  SocketLeft,      ///< socket and lock stay when the daemon ends
  WakeLost,        ///< clients ring for one in two jobs only
};

#ifdef RINGMASTER_PLANTS

inline constexpr const char* kPlants[] = {"cold-start",    "descriptor-left", "orphan-left",   "outcome-foreign",
                                          "outcome-never", "outcome-twice",   "refuse-full",   "result-mixed",
                                          "result-short",  "retry-any",       "retry-forever", "session-left",
                                          "socket-left",   "wake-lost"};
static_assert(std::size(kPlants) == static_cast<std::size_t>(Plant::WakeLost) + 1);

/// True at each `every`th call of a place, in a process that was told of this fault.
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
