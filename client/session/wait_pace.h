#pragma once

#include "client/types/outcome.h"

namespace ringmaster::client {

/// Decides how one wait goes on: it spins first, as long as the daemon allows, then it sleeps. The caller spins, sleeps
/// and looks.
///
///     look ── nothing ──▶ spins() ─ yes ─▶ spin ── changed ──▶ look
///                            │              └─── nothing ──▶ look at all ──▶ sleep ──▶ look
///                            └─ no ──▶ look at all ──▶ sleep ──▶ look
class WaitPace {
 public:
  /// `one_job`: the wait is for one job. That is found by its own slot line, which avoids the completion word's cache
  /// line: all workers write there.
  WaitPace(Duration spin, bool one_job) noexcept : may_spin_(spin > Duration(0)), one_job_(one_job) {}

  /// True if the completion word and all ended jobs must be looked at: before each sleep, and if waiting for several
  /// jobs.
  [[nodiscard]] bool looks_at_all() const noexcept { return !one_job_ || !may_spin_; }
  [[nodiscard]] bool spins() const noexcept { return may_spin_; }
  /// The caller has spun. If nothing changed, the wait sleeps from now on.
  void spun(bool changed) noexcept { may_spin_ = changed_ = changed; }
  /// The single job was looked at. If a change was seen but the job has not ended, somebody altered the word, which
  /// would look changed for ever: do not spin any more.
  void looked(bool found) noexcept {
    if (changed_ && !found) may_spin_ = false;
  }

 private:
  bool may_spin_;
  bool one_job_;
  bool changed_ = false;  // the last spin saw a change
};

}  // namespace ringmaster::client
