#pragma once

#include <functional>
#include <memory>

#include "daemon/loop/event_loop.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

/// Calls `look` on the event loop after any change of a session's completion word. It has a thread that sleeps on the
/// futex. (Completions have no descriptor: a client could change its flags, and so block workers.)
class CompletionWatch {
 public:
  /// REQUIRES: the session's mapping outlives the watch. Throws std::system_error if no thread can be started.
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
