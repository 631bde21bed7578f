#pragma once

#include <functional>
#include <memory>

#include "daemon/supervisor/event_loop.h"
#include "shm/base/unique_fd.h"

namespace ringmaster {

/// Tells a supervisor that has stopped looking, because every worker sleeps, that somebody rang: it watches the
/// doorbells of the sessions, which it never reads nor writes, while armed and at no cost while not.
class WorkBell {
 public:
  WorkBell(EventLoop& loop, std::function<void()> rung);

  /// The descriptors are borrowed; one that is closed leaves by itself.
  void add(int bell);
  void remove(int bell);

  /// Forgets what rang before. Look once more afterwards: what rings from now on is told.
  void forget();
  void arm();
  void disarm() { watch_.reset(); }
  [[nodiscard]] bool armed() const { return watch_ != nullptr; }

 private:
  EventLoop& loop_;
  std::function<void()> rung_;
  UniqueFd epoll_;  ///< of its own: edges of descriptors that stay readable for ever
  std::unique_ptr<FdWatch> watch_;
};

}  // namespace ringmaster
