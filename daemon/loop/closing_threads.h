#pragma once

#include <memory>

#include "daemon/loop/closer.h"

namespace ringmaster::daemon {

class EventLoop;

/// Does the errands in threads of its own, so that the event loop never blocks.
///
/// There are a few threads, and only some of them for one account (core::ErrandBook): a stuck one is left alone, and
/// the others go on. A close that lingers is interrupted by a signal to its thread every millisecond. A thread that
/// waits for a lock in the kernel cannot be interrupted, not even by SIGKILL: then the keeper leaves the whole
/// supervisor behind when it must be replaced.
class ClosingThreads final : public Closer {
 public:
  explicit ClosingThreads(EventLoop& loop);
  /// Does not block: descriptors that are not closed yet are closed by a thread, or at the end of the process.
  ~ClosingThreads() override;
  ClosingThreads(const ClosingThreads&) = delete;
  ClosingThreads& operator=(const ClosingThreads&) = delete;

  [[nodiscard]] bool has_room(Account account) const override;
  [[nodiscard]] bool full() const override;

 private:
  struct State;
  void add(Account account, std::size_t descriptors, Action work, Action done) override;
  void retry();

  EventLoop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
