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

  /// The program is about to sleep on the descriptor, which tells of what ends from now on. From the first call on it
  /// tells of nothing else: what ends while the program is awake wakes nobody. False: something has ended since `seen`
  /// was observed. Any thread.
  [[nodiscard]] bool tell_of_next(std::uint32_t seen) noexcept;

 private:
  static constexpr std::uint64_t kAlways = ~std::uint64_t{0};  ///< tell_of_next() has not been called: each end is told
  static constexpr std::uint64_t kAwake = kAlways - 1;         ///< the program looks itself before it sleeps

  void run() noexcept;
  void tell() noexcept;

  SessionCore& core_;
  UniqueFd bell_;
  std::atomic<bool> stop_{false};
  /// The completion word from which on ends are told, once; or one of the two above.
  std::atomic<std::uint64_t> from_{kAlways};
  std::thread thread_;
};

}  // namespace ringmaster::client
