#pragma once

#include <functional>
#include <optional>

#include "daemon/core/daemon/shutdown.h"

namespace ringmaster::daemon {

/// Carries out the daemon's end: tells core::Shutdown when what it waits for has happened, and does what it decides.
/// Owned by the Supervisor; its thread.
class ShutdownHand {
 public:
  /// Tell whether something has happened; each is called only in the state that waits for it.
  struct Facts {
    std::function<bool()> pools_stopped;
    std::function<bool()> work_ended;
    std::function<bool()> replies_sent;
  };
  /// What to do at the end; each is called once, in this order.
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

  /// Between two looks, long enough for one turn of the loop that sends replies.
  static constexpr core::Duration kPause = std::chrono::milliseconds{10};

  ShutdownHand(Clock clock, Facts facts, Acts acts);

  /// Starts the end of the daemon. Later calls do nothing.
  void request();
  /// Pools may have stopped. Acts later, never within the call.
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
