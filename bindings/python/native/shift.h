#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace ringmaster::python {

/// Decides which thread collects a session's ended jobs: a caller that waits for a result itself, or the executor's own
/// thread, the watchman. A caller that collects for itself saves the change of threads, most of a short job's time.
///
///     caller:    try_lead() ─ true ─▶ collect … ─▶ stop_leading()
///                     └─ false ─▶ follow() ─▶ waits for its future ─▶ unfollow()
///     watchman:  watch() ─ true ─▶ collect … until hands_over() or the end
///
/// One thread leads at a time. As long as callers lead, the watchman only looks in now and then, without the GIL,
/// whether jobs fly that nobody collects; while nothing moves it sleeps. Once it leads it goes on, so that callbacks,
/// as_completed() and event loops are told at once, until it has served a caller that could have led. Any thread.
class Shift {
 public:
  [[nodiscard]] bool try_lead();
  void stop_leading();
  void follow();
  void unfollow();

  /// Watchman: waits until it is to lead.
  void watch();
  /// Watchman, leading, between two collections: whether it has handed over to the callers.
  [[nodiscard]] bool hands_over();

  /// The watchman is to lead as soon as it can: there is something to end.
  void call();
  void sent() { moved(1); }
  void ended(std::uint64_t jobs) { moved(-static_cast<std::int64_t>(jobs)); }
  [[nodiscard]] std::uint64_t flying();

 private:
  void moved(std::int64_t jobs);
  void rouse();

  std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_.
  bool led_ = false;
  bool asleep_ = false;  // the watchman: who changes something wakes it
  bool called_ = false;
  bool followed_ = false;  // a caller has followed since the watchman leads
  std::uint64_t followers_ = 0;
  std::uint64_t flying_ = 0;
  std::uint64_t moves_ = 0;
};

}  // namespace ringmaster::python
