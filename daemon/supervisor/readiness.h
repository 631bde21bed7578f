#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

namespace ringmaster::daemon {

/// Decides when the daemon counts as started, which the keeper and the service manager are told once. Owned by the
/// Supervisor; its thread.
///
/// A new daemon is ready when every pool knows whether its workers can start (so a pool whose workers cannot does not
/// keep the others waiting). If this supervisor has taken over, the service was ready before: then one pool is enough.
class Readiness {
 public:
  /// `say`: called once, from look().
  Readiness(bool taken_over, std::function<void()> say) : taken_over_(taken_over), say_(std::move(say)) {}

  /// `judged` of `pools` pools know whether their workers can start.
  void look(std::size_t judged, std::size_t pools) {
    if (ready_ || judged < (taken_over_ ? std::min<std::size_t>(1, pools) : pools)) return;
    ready_ = true;
    say_();
  }

 private:
  bool taken_over_;
  std::function<void()> say_;
  bool ready_ = false;
};

}  // namespace ringmaster::daemon
