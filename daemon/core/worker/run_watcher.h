#pragma once

#include <optional>
#include <vector>

#include "daemon/core/worker/kill_ladder.h"
#include "daemon/core/worker/run_watch.h"

namespace ringmaster::core {

/// One worker's current run: when it must be over, whether somebody wants it to end, and its kill ladder, if it has
/// one. A value, part of its seat. It decides which event the ladder gets; the caller passes the event on (handle),
/// performs the effects, and calls settle().
///
/// A ladder that has only set the cancel word is dropped: the job runs on until its deadline.
class RunWatcher {
 public:
  /// How long a run may last.
  struct Limits {
    Duration usual{};    ///< for a job without a timeout of its own
    Duration longest{};  ///< the upper limit for all jobs
  };
  /// What one look found in the worker's segments and in its job's session.
  struct Sight {
    std::optional<shm::Intent> intent{};
    TimePoint stamp{};     ///< when the job was claimed, as the worker says
    Duration own_limit{};  ///< the job's own timeout; 0: none
    bool cancel_wanted = false;
    LadderConfig ladder{};
  };
  struct Finding {
    bool changed = false;                      ///< the worker runs another job than at the last look, or none
    bool withdraw = false;                     ///< the run that is over had a recorded verdict
    std::optional<KillLadder::Event> event{};  ///< the event that the ladder must get
  };

  /// The worker is started now: its first run began later, whenever the first look is.
  void watch_from(TimePoint now) { (void)watch_.look(now, std::nullopt, {}); }
  [[nodiscard]] Finding look(TimePoint now, const Sight& sight, const Limits& limits);
  /// Takes over what a predecessor had seen of this run.
  void restore(TimePoint started, TimePoint now, const Sight& sight, const Limits& limits);
  /// Continues a predecessor's verdict on this run: returns the event for the ladder. `held`: the worker is held
  /// already. A forced cancel that has not come so far gets its grace again.
  [[nodiscard]] KillLadder::Event resume(TimePoint now, const shm::Verdict& verdict, const LadderConfig& config,
                                         bool held);
  /// The event for a forced cancel with that grace, which does not extend the run's own deadline.
  [[nodiscard]] KillLadder::Event force(TimePoint now, Duration grace) const;

  /// Makes a ladder for handle(): somebody wants the run to end, or the worker reports a fault in `intent`.
  void begin(const std::optional<shm::Intent>& intent, const LadderConfig& config);
  /// Passes the event to the ladder; without a ladder there are no effects.
  [[nodiscard]] std::vector<KillLadder::Effect> handle(TimePoint now, const KillLadder::Event& event);
  /// Call it after the effects of an event were performed.
  void settle();

  /// The look was late: the run and a grace period get that much more time.
  void extend(TimePoint now, Duration late);
  /// The process is gone.
  void clear() { *this = RunWatcher{}; }

  [[nodiscard]] bool running() const { return watch_.running(); }
  [[nodiscard]] const std::optional<shm::Intent>& intent() const { return watch_.intent(); }
  [[nodiscard]] TimePoint started() const { return watch_.started(); }
  [[nodiscard]] const std::optional<KillLadder>& ladder() const { return ladder_; }
  [[nodiscard]] bool ladder_due(TimePoint now) const;
  /// The earliest of the run's deadline and the ladder's timer.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  void arm(const Sight& sight, const Limits& limits);

  RunWatch watch_;
  std::optional<Duration> armed_;  ///< the timeout of the current run
  std::optional<KillLadder> ladder_;
};

}  // namespace ringmaster::core
