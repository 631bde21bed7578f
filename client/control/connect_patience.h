#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "client/types/outcome.h"

namespace ringmaster::client {

/// How long a client goes on trying to connect. A daemon that never was there is not waited for; one whose supervisor
/// ended in the middle of the greeting is there, and one that has too many connections now will have fewer. Pure.
class ConnectPatience {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Failure : std::uint8_t {
    Busy,    ///< it has too many clients now
    Broke,   ///< the connection, in the middle of the greeting
    Absent,  ///< nobody listens
    Final,   ///< what no other try will change
  };
  static constexpr Duration kSuccession = std::chrono::seconds(2);  ///< a successor serves within a fraction of it

  ConnectPatience(TimePoint now, bool was_connected, Duration patience, Duration busy_timeout) noexcept
      : begin_(now), was_connected_(was_connected), patience_(patience), busy_timeout_(busy_timeout) {}

  /// A try that lasted from `began` to `now` has failed. For how long to go on; 0 or less: not at all.
  [[nodiscard]] Duration left(TimePoint began, TimePoint now, Failure failure) noexcept {
    if (failure == Failure::Final || (failure == Failure::Absent && !was_connected_)) return Duration(0);
    if (failure == Failure::Busy) return (was_connected_ ? patience_ : busy_timeout_) - (now - begin_);
    // A successor is waited for from when the greeting broke, however long its predecessor had hung before that; one
    // that hangs up each time at once is no daemon in succession.
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
