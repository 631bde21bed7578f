#pragma once

#include "client/types/outcome.h"

namespace ringmaster::client {

/// How one wait looks for what it waits for: it burns CPU first, as long as the daemon allows, then it sleeps. Decides
/// only: spinning, sleeping and looking are the caller's.
///
///     look ── nothing ──▶ spins() ─ yes ─▶ spin ── changed ──▶ look
///                            │              └─── nothing ──▶ look at all ──▶ sleep ──▶ look
///                            └─ no ──▶ look at all ──▶ sleep ──▶ look
class WaitPace {
 public:
  /// `one_job`: it is about one job, which is found by its own line; the one with the completion word is the workers'
  /// busiest.
  WaitPace(Duration spin, bool one_job) noexcept : may_spin_(spin > Duration(0)), one_job_(one_job) {}

  /// Whether the look goes to the completion word and all that has ended: before each sleep, and for several jobs.
  [[nodiscard]] bool looks_at_all() const noexcept { return !one_job_ || !may_spin_; }
  [[nodiscard]] bool spins() const noexcept { return may_spin_; }
  /// Spun until something changed, or in vain: then it sleeps from now on.
  void spun(bool changed) noexcept { may_spin_ = changed_ = changed; }
  /// The one job was looked at. A word that somebody else altered looks changed for ever: no reason to burn CPU for as
  /// long.
  void looked(bool found) noexcept {
    if (changed_ && !found) may_spin_ = false;
  }

 private:
  bool may_spin_;
  bool one_job_;
  bool changed_ = false;  // by the last spin
};

}  // namespace ringmaster::client
