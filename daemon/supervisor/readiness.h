#pragma once

#include <cstddef>
#include <functional>

namespace ringmaster::daemon {

/// When the daemon counts as started, which the keeper and the service manager are told once. Owned by the Supervisor;
/// its thread.
///
/// A daemon that comes up is ready when it is known of every pool whether its workers come up (a pool whose workers do
/// not keeps nobody else waiting). The service was ready before where this supervisor has taken over: then one pool is
/// enough, whatever ails the others.
class Readiness {
 public:
  /// `say`: called once, from look().
  Readiness(bool taken_over, std::function<void()> say) : taken_over_(taken_over), say_(std::move(say)) {}

  /// So many of so many pools have a verdict on their first worker.
  void look(std::size_t judged, std::size_t pools) {
    if (ready_ || judged < (taken_over_ ? std::size_t{1} : pools)) return;
    ready_ = true;
    say_();
  }

 private:
  bool taken_over_;
  std::function<void()> say_;
  bool ready_ = false;
};

}  // namespace ringmaster::daemon
