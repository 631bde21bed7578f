#pragma once

#include <chrono>
#include <string>

#include "client/session/wait_step.h"
#include "client/types/outcome.h"
#include "client/types/refusal.h"
#include "shm/layout.h"

namespace ringmaster::client {

/// Whether a session lives: open, until its application closes it or the daemon is gone; the first says what became of
/// what has not ended. Pure: time is an argument. Guarded by the session's mutex.
///
///     open ── close() ──▶ closed      (also after gone)
///       └── leave() ───▶ gone
class SessionLife {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  /// No job of it will end any more.
  [[nodiscard]] bool over() const noexcept { return closed_ || gone_; }
  /// False: it was closed before.
  bool close() noexcept {
    const bool first = !closed_;
    closed_ = true;
    return first;
  }
  /// The daemon is gone.
  void leave() noexcept { gone_ = true; }

  /// Whether the lifeline is to be looked at again, by those who never sleep on the session's word.
  [[nodiscard]] bool look_is_due(TimePoint now) const noexcept { return !over() && now - looked_ >= kLongestNap; }
  void looked(TimePoint now) noexcept { looked_ = now; }

  /// Why no job is taken. REQUIRES: over(), or the board is not Open.
  [[nodiscard]] Refusal refusal(shm::BoardClosed board, const std::string& pool) const;
  /// How a job ended that had not when the session did. REQUIRES: over().
  [[nodiscard]] OutcomeFacts end_of_the_rest() const;

 private:
  bool closed_ = false;
  bool gone_ = false;
  TimePoint looked_{};
};

}  // namespace ringmaster::client
