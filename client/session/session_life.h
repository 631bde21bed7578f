#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "client/session/wait_step.h"
#include "client/types/outcome.h"
#include "client/types/refusal.h"
#include "shm/layout.h"

namespace ringmaster::client {

/// The life of a session: open until the application closes it or the daemon is gone; which it was decides how
/// unfinished jobs end. Pure: time is an argument. Guarded by the session's mutex.
///
///     open ── close() ──▶ closed      (also after gone)
///       └── leave() ───▶ gone
class SessionLife {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  /// True: no further job of this session will end.
  [[nodiscard]] bool over() const noexcept { return closed_ || gone_; }
  /// False: it was closed before.
  bool close() noexcept {
    const bool first = !closed_;
    closed_ = true;
    return first;
  }
  /// The daemon is gone.
  void leave() noexcept { gone_ = true; }

  /// True if the lifeline must be checked again; for callers that never sleep on the completion word.
  [[nodiscard]] bool look_is_due(TimePoint now) const noexcept { return !over() && now - looked_ >= longest_nap(); }
  /// `resting`: there is more memory to give back at the next look.
  void looked(TimePoint now, bool resting = false) noexcept {
    looked_ = now;
    resting_.store(resting, std::memory_order_relaxed);
  }
  /// How long a thread may sleep before it looks again. May be asked without the session's mutex.
  [[nodiscard]] Duration longest_nap() const noexcept {
    return resting_.load(std::memory_order_relaxed) ? kRestingNap : kLongestNap;
  }

  /// Why no job is accepted. REQUIRES: over(), or the board is not Open.
  [[nodiscard]] Refusal refusal(shm::BoardClosed board, const std::string& pool) const;
  /// The end of a job that was unfinished when the session ended. REQUIRES: over().
  [[nodiscard]] OutcomeFacts end_of_the_rest() const;

 private:
  bool closed_ = false;
  bool gone_ = false;
  std::atomic<bool> resting_ = false;
  TimePoint looked_{};
};

}  // namespace ringmaster::client
