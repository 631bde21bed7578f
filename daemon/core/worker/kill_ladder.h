#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/core/worker/ladder_words.h"
#include "shm/worker_end.h"

namespace ringmaster::core {

/// The steps from "this job must end" to a fenced worker, for one job on one worker. A value: ladders share nothing, so
/// a worker that does not end delays no other. Events come in, effects go out; the caller performs the effects in order
/// and answers WriteVerdict, CondemnSlot, RereadLane and CaptureStack with an event.
///
///   Running ──deadline, cancel──▶ CancelAsked ──grace over──▶ Condemning ──won──▶ Capturing ──▶ Killing ──▶ Fenced
///      │ no grace ─────────────────────────────────────────────▲   │ lost
///      ▼ job ended (also from CancelAsked)                          ▼
///   JobEnded ◀──────────── another intent, hold released ──── Rereading ── same intent a grace later ──▶ Killing
///
///   Running, CancelAsked ──the worker says "fault"──▶ Faulted ──its limit over──▶ Killing, without a verdict
///
/// A faulted worker dies by itself once its stack is taken, and has time to write a core. A deadline that passes
/// meanwhile changes nothing; a verdict that was there before the fault stays, and its ladder goes on.
///
/// Verdict before kill: ledger (WriteVerdict), then hold, then the CAS (CondemnSlot), and only then Kill. A forced
/// cancel records its verdict at once, before its grace; if the job ends by itself, the verdict is withdrawn. No stack
/// is taken.
class KillLadder : public LadderWords {
 public:
  enum class State : std::uint8_t {
    Running,
    CancelAsked,
    Condemning,
    Rereading,
    Capturing,
    Killing,
    Faulted,
    Fenced,
    JobEnded,
  };

  /// `intent`: the job; nullopt: the worker has faulted between two jobs.
  KillLadder(const std::optional<shm::Intent>& intent, const LadderConfig& config) : config_(config), intent_(intent) {}

  /// For a successor that finds a verdict in the ledger on the job in the lane: goes on at hold and CAS. If the
  /// predecessor had won the CAS already, the answer is CondemnWon.
  /// Not for a forced cancel whose worker is not held yet: that gets ForceRequested again, with the verdict's grace.
  [[nodiscard]] static KillLadder resume(const shm::Verdict& verdict, const LadderConfig& config);

  [[nodiscard]] std::vector<Effect> handle(TimePoint now, const Event& event);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::optional<shm::Intent>& intent() const noexcept { return intent_; }
  [[nodiscard]] const std::optional<shm::Verdict>& verdict() const noexcept { return verdict_; }
  /// When TimerFired is due; nullopt: not needed.
  [[nodiscard]] std::optional<TimePoint> next_timer() const noexcept { return timer_; }
  [[nodiscard]] bool over() const noexcept { return state_ == State::Fenced || state_ == State::JobEnded; }

 private:
  [[nodiscard]] std::vector<Effect> tell_only() const;
  std::vector<Effect> end_job(TimePoint now, Cause cause);
  std::vector<Effect> force(TimePoint now, Duration grace);
  std::vector<Effect> on_left();
  void pass(Cause cause);
  std::vector<Effect> decide();
  std::vector<Effect> on_won(TimePoint now);
  std::vector<Effect> on_captured();
  std::vector<Effect> on_fault(TimePoint now);
  std::vector<Effect> on_fenced();
  std::vector<Effect> on_timer();
  std::vector<Effect> on_reread(TimePoint now, const std::optional<shm::Intent>& seen);

  LadderConfig config_;
  std::optional<shm::Intent> intent_;
  State state_ = State::Running;
  std::optional<shm::Verdict> verdict_;  ///< the first cause; in the ledger from Condemning on, or if recorded_
  bool recorded_ = false;                ///< in the ledger before Condemning
  bool tamper_grace_over_ = false;
  TimePoint core_until_{};  ///< how long a faulted worker may write its core
  std::optional<TimePoint> timer_;
};

[[nodiscard]] const char* to_string(KillLadder::State state);

}  // namespace ringmaster::core
