#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How the daemon ends when it is told to. A value: events go in, effects come out, time is an argument. Its owner must
/// check now and then whether what the state waits for has happened.
///
///   Serving ──stop──▶ Stopping ──pools stopped──▶ Closing ──work ended──▶ Parting ──replies sent──▶ Ended
///                                                    └── or kCloseLimit ──▲  └── or kPartLimit ──────▲
class Shutdown {
 public:
  enum class State : std::uint8_t {
    Serving,
    Stopping,  ///< no new work; pools let running jobs end, or end them
    Closing,   ///< no worker is left: open jobs end as lost, and clients that wait are told
    Parting,   ///< no new connections; the last replies are sent
    Ended,
  };
  enum class Event : std::uint8_t {
    StopRequested,
    PoolsStopped,  ///< every worker of every pool is gone
    WorkEnded,     ///< no session is left, and no job is unfinished
    RepliesSent,   ///< the kernel has taken every reply
    TimerFired,    ///< `deadline()` has passed (harmless when it has not)
  };
  /// At most one effect per event.
  enum class Effect : std::uint8_t { None, StopPools, EndSessions, CloseDoor, EndProcess };

  /// Sessions end within a few turns of the loop; a client that does not read its replies must not delay the end for
  /// long.
  static constexpr Duration kCloseLimit = std::chrono::seconds{1};
  static constexpr Duration kPartLimit = std::chrono::milliseconds{500};

  [[nodiscard]] Effect handle(TimePoint now, Event event);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool stopping() const noexcept { return state_ != State::Serving; }
  /// When the state is left even if nothing happens; only for Closing and Parting.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }

 private:
  Effect enter(State state, Effect effect, std::optional<TimePoint> deadline = std::nullopt);

  State state_ = State::Serving;
  std::optional<TimePoint> deadline_;
};

}  // namespace ringmaster::core
