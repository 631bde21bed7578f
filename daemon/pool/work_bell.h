#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "base/unique_fd.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// Tells a supervisor that has stopped looking, because every worker sleeps, that somebody rang: it watches the
/// doorbells of the sessions, which it never reads nor writes, while armed and at no cost while not. For one that the
/// kernel does not watch (max_user_watches, memory) an armed one tells now and then, as if it had rung.
class WorkBell {
 public:
  WorkBell(EventLoop& loop, std::function<void()> rung);

  ~WorkBell();
  WorkBell(const WorkBell&) = delete;
  WorkBell& operator=(const WorkBell&) = delete;

  /// The descriptors are borrowed; one that is closed leaves by itself.
  void add(int bell);
  void remove(int bell);

  /// Forgets what rang before. Look once more afterwards: what rings from now on is told.
  void forget();
  void arm();
  void disarm();
  [[nodiscard]] bool armed() const { return watch_ != nullptr || look_; }

 private:
  [[nodiscard]] bool watch(int bell);

  EventLoop& loop_;
  std::function<void()> rung_;
  UniqueFd epoll_;  ///< of its own: edges of descriptors that stay readable for ever
  std::unique_ptr<FdWatch> watch_;
  std::set<int> blind_;
  std::optional<EventLoop::TimerId> look_;
};

}  // namespace ringmaster::daemon
