#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/daemon/errand_book.h"

namespace ringmaster::daemon {

/// Does work that a peer can block (errands) elsewhere than on the event loop: closes descriptors that came from a
/// peer, and sockets that a peer can put descriptors into; seals memory that a peer may be writing to.
///
/// Owned by the EventLoop; called from its thread. In the daemon it is a ClosingThreads; tests fake it.
class Closer {
 public:
  using Account = core::ErrandAccount;
  using Action = std::function<void()>;

  virtual ~Closer() = default;

  /// Closes the descriptors in order. Calls `done`, if given, on the loop afterwards.
  void close(Account account, std::vector<UniqueFd> fds, Action done = nullptr);
  void close(Account account, UniqueFd fd, Action done = nullptr);
  /// Does `work` elsewhere, then `done` on the loop.
  void run(Account account, Action work, Action done) { add(account, 0, std::move(work), std::move(done)); }

  /// False: too many descriptors of that account are not closed yet, so it may add no more.
  [[nodiscard]] virtual bool has_room(Account account) const = 0;
  /// True: all accounts together have as many as there is room for.
  [[nodiscard]] virtual bool full() const = 0;

 private:
  virtual void add(Account account, std::size_t descriptors, Action work, Action done) = 0;
};

}  // namespace ringmaster::daemon
