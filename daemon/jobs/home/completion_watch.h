#pragma once

#include <functional>
#include <memory>

#include "daemon/loop/event_loop.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

/// Calls `look` on the event loop after any change of a session's completion word. One thread that sleeps on the futex
/// (completions have no descriptor, so that no client's flag can block a worker).
class CompletionWatch {
 public:
  /// REQUIRES: the session's mapping outlives the watch. Throws std::system_error: there can be no further thread.
  CompletionWatch(EventLoop& loop, const shm::RequestView& request, const shm::ReplyView& reply,
                  std::function<void()> look);
  ~CompletionWatch();
  CompletionWatch(const CompletionWatch&) = delete;
  CompletionWatch& operator=(const CompletionWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
  shm::ReplyView reply_;
};

}  // namespace ringmaster::daemon
