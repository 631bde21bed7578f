#pragma once

#include <atomic>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::client {

class SessionCore;

/// A thread that sleeps on a session's completion word and writes to a private eventfd, for programs with an event
/// loop. Workers never get the eventfd: whoever has it could make its writers block.
class CompletionFeed {
 public:
  explicit CompletionFeed(SessionCore& core) : core_(core) {}
  ~CompletionFeed() { stop(); }
  CompletionFeed(const CompletionFeed&) = delete;
  CompletionFeed& operator=(const CompletionFeed&) = delete;

  [[nodiscard]] Result<void> start();
  void stop() noexcept;
  [[nodiscard]] int fd() const noexcept { return bell_.get(); }

 private:
  void run() noexcept;
  void tell() noexcept;

  SessionCore& core_;
  UniqueFd bell_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace ringmaster::client
