#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How the daemon ends once it is told to. A value: events go in, what is to be done comes out, time is told from
/// outside. Whoever owns it looks now and then whether the thing that the state waits for has happened.
///
///   Serving ──stop──▶ Stopping ──pools stopped──▶ Closing ──work ended──▶ Parting ──replies sent──▶ Ended
///                                                    └── or kCloseLimit ──▲  └── or kPartLimit ──────▲
class Shutdown {
 public:
  enum class State : std::uint8_t {
    Serving,
    Stopping,  ///< no new work; pools let running jobs end, or end them
    Closing,   ///< no worker is left: what is still open ends as lost, and whoever waits is told
    Parting,   ///< nobody new is let in; the last replies leave
    Ended,
  };
  enum class Event : std::uint8_t {
    StopRequested,
    PoolsStopped,  ///< every worker of every pool is gone
    WorkEnded,     ///< no session is left, and no job is unfinished
    RepliesSent,   ///< the kernel has taken every reply
    TimerFired,    ///< `deadline()` has passed (harmless when it has not)
  };
  /// One at most is to be done for an event.
  enum class Effect : std::uint8_t { None, StopPools, EndSessions, CloseDoor, EndProcess };

  /// Sessions end in a few turns of the loop; a client that does not read its replies is not waited for for long.
  static constexpr Duration kCloseLimit = std::chrono::seconds{1};
  static constexpr Duration kPartLimit = std::chrono::milliseconds{500};

  [[nodiscard]] Effect handle(TimePoint now, Event event);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool stopping() const noexcept { return state_ != State::Serving; }
  /// When the state is left whatever happens; only Closing and Parting are.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }

 private:
  Effect enter(State state, Effect effect, std::optional<TimePoint> deadline = std::nullopt);

  State state_ = State::Serving;
  std::optional<TimePoint> deadline_;
};

}  // namespace ringmaster::core
