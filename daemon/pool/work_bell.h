#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "base/unique_fd.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// Tells the supervisor that a client rang, while all workers sleep and the pool does not look. While armed it watches
/// the sessions' bells, without reading or writing them; otherwise it costs nothing. If the kernel cannot watch a bell
/// (max_user_watches, memory), it reports a ring now and then.
class WorkBell {
 public:
  WorkBell(EventLoop& loop, std::function<void()> rung);

  ~WorkBell();
  WorkBell(const WorkBell&) = delete;
  WorkBell& operator=(const WorkBell&) = delete;

  /// Watches a bell. The descriptor is borrowed; closing it ends the watch.
  void add(int bell);
  void remove(int bell);

  /// Forgets earlier rings; later ones are reported. Look at the queues once more after this call.
  void forget();
  void arm();
  void disarm();
  [[nodiscard]] bool armed() const { return watch_ != nullptr || look_; }

 private:
  [[nodiscard]] bool watch(int bell);

  EventLoop& loop_;
  std::function<void()> rung_;
  UniqueFd epoll_;  ///< an epoll set of its own, edge-triggered: the bells stay readable for ever
  std::unique_ptr<FdWatch> watch_;
  std::set<int> blind_;
  std::optional<EventLoop::TimerId> look_;
};

}  // namespace ringmaster::daemon
