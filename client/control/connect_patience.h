#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "client/types/outcome.h"

namespace ringmaster::client {

/// How long a client goes on trying to connect. It does not wait for a daemon that was never there. It does wait if a
/// supervisor ended during the greeting, since a successor comes, or if the daemon has too many connections now. Pure.
class ConnectPatience {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Failure : std::uint8_t {
    Busy,    ///< the daemon has too many clients now
    Broke,   ///< the connection broke during the greeting
    Absent,  ///< nobody listens
    Final,   ///< trying again will not help
  };
  static constexpr Duration kSuccession =
      std::chrono::seconds(2);  ///< ample: a successor serves within a fraction of this

  ConnectPatience(TimePoint now, bool was_connected, Duration patience, Duration busy_timeout) noexcept
      : begin_(now), was_connected_(was_connected), patience_(patience), busy_timeout_(busy_timeout) {}

  /// A try that lasted from `began` to `now` has failed. Returns how long to go on trying; 0 or less: stop.
  [[nodiscard]] Duration left(TimePoint began, TimePoint now, Failure failure) noexcept {
    if (failure == Failure::Final || (failure == Failure::Absent && !was_connected_)) return Duration(0);
    if (failure == Failure::Busy) return (was_connected_ ? patience_ : busy_timeout_) - (now - begin_);
    // Waits for a successor from the moment the greeting broke, however long the predecessor had hung before. A daemon
    // that hangs up at once every time is not being replaced.
    const bool hung = now - began >= kSuccession;
    if (failure == Failure::Broke && !was_connected_ && (!broke_ || hung)) broke_ = now;
    const Duration all = patience_ - (now - begin_);
    return broke_ ? std::min(all, kSuccession - (now - *broke_)) : all;
  }

 private:
  TimePoint begin_;
  bool was_connected_;
  Duration patience_;
  Duration busy_timeout_;
  std::optional<TimePoint> broke_;
};

}  // namespace ringmaster::client
