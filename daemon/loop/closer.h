#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/daemon/errand_book.h"

namespace ringmaster::daemon {

class EventLoop;

/// Does work that a peer can block (errands) in threads of its own, so that the event loop never blocks: closes
/// descriptors that came from a peer, and sockets that a peer can put descriptors into; seals memory that a peer may be
/// writing to.
///
/// There are a few threads, and only some of them for one account (core::ErrandBook): a stuck one is left alone, and
/// the others go on. A close that lingers is interrupted by a signal to its thread every millisecond. A thread that
/// waits for a lock in the kernel cannot be interrupted, not even by SIGKILL: then the keeper leaves the whole
/// supervisor behind when it must be replaced.
///
/// Owned by the EventLoop; called from its thread.
class Closer {
 public:
  using Account = core::ErrandAccount;
  using Action = std::function<void()>;

  explicit Closer(EventLoop& loop);
  /// Does not block: descriptors that are not closed yet are closed by a thread, or at the end of the process.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  /// Closes the descriptors in order. Calls `done`, if given, on the loop afterwards.
  void close(Account account, std::vector<UniqueFd> fds, Action done = nullptr);
  void close(Account account, UniqueFd fd, Action done = nullptr);
  /// Does `work` in a thread, then `done` on the loop.
  void run(Account account, Action work, Action done);

  /// False: too many descriptors of that account are not closed yet, so it may add no more.
  [[nodiscard]] bool has_room(Account account) const;
  /// True: all accounts together have as many as there is room for.
  [[nodiscard]] bool full() const;

 private:
  struct State;
  void add(Account account, std::size_t descriptors, Action work, Action done);
  void retry();

  EventLoop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
