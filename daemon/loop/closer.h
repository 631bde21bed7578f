#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/daemon/errand_book.h"

namespace ringmaster::daemon {

class EventLoop;

/// Does what a peer can draw out, in threads of its own, so that the event loop never does: closes descriptors that
/// came from a peer and sockets that a peer can put descriptors into, seals memory that a peer may be writing to.
///
/// A few threads, few of them for one account (core::ErrandBook): one that is stuck is left, and the others go on. A
/// close that lingers is cut short by a signal to its thread each millisecond; what waits for a lock in the kernel is
/// not, nor by SIGKILL (then the keeper leaves the whole supervisor behind when it has to be replaced).
///
/// Owned by the EventLoop; called from its thread.
class Closer {
 public:
  using Account = core::ErrandAccount;
  using Action = std::function<void()>;

  explicit Closer(EventLoop& loop);
  /// Waits for nothing; what is not closed yet is closed by its thread, or with the process.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  /// Closes them, in their order. `done`, if given, is called on the loop afterwards.
  void close(Account account, std::vector<UniqueFd> fds, Action done = nullptr);
  void close(Account account, UniqueFd fd, Action done = nullptr);
  /// Does `work` in a thread, then `done` on the loop.
  void run(Account account, Action work, Action done);

  /// False: what that account brought before is not closed yet, and it may bring no more.
  [[nodiscard]] bool has_room(Account account) const;
  /// All of them together have brought as much as there is room for.
  [[nodiscard]] bool full() const;

 private:
  struct State;
  void add(Account account, std::size_t descriptors, Action work, Action done);
  void retry();

  EventLoop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
