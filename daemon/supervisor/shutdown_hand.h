#pragma once

#include <functional>
#include <optional>

#include "daemon/core/daemon/shutdown.h"

namespace ringmaster::daemon {

/// Carries out the daemon's end: looks whether what core::Shutdown waits for has happened, tells it, and does what it
/// says. Owned by the Supervisor; its thread.
class ShutdownHand {
 public:
  /// Whether something has happened by now; each is asked only in the state that waits for it.
  struct Facts {
    std::function<bool()> pools_stopped;
    std::function<bool()> work_ended;
    std::function<bool()> replies_sent;
  };
  /// Each is done once, in this order.
  struct Acts {
    std::function<void()> stop_pools;
    std::function<void()> end_sessions;
    std::function<void()> close_door;
    std::function<void()> end_process;
  };
  struct Clock {
    std::function<core::TimePoint()> now;
    std::function<void(core::Duration, std::function<void()>)> after;
  };

  /// Between two looks: at least one turn of the loop, in which replies leave.
  static constexpr core::Duration kPause = std::chrono::milliseconds{10};

  ShutdownHand(Clock clock, Facts facts, Acts acts);

  /// The daemon is to end. Again: nothing.
  void request();
  /// Pools may have stopped. Acts never within the call.
  void pool_changed();
  [[nodiscard]] bool stopping() const noexcept { return shutdown_.stopping(); }

 private:
  [[nodiscard]] std::optional<core::Shutdown::Event> what_happened() const;
  void tell(core::Shutdown::Event event);
  void look();
  void look_after(core::Duration delay);

  Clock clock_;
  Facts facts_;
  Acts acts_;
  core::Shutdown shutdown_;
  bool will_look_ = false;
};

}  // namespace ringmaster::daemon
