#pragma once

#include <optional>
#include <span>

#include "daemon/core/types.h"
#include "shm/slot_word.h"

namespace ringmaster::core {

/// When one worker's current run began and when it must be over. Fed with what a look at the worker's lane found.
///
/// The worker can write the stamp, so it is limited to (last look, first seen]: a worker cannot make its run older or
/// younger by more than one look interval.
class RunWatch {
 public:
  enum class Change { Nothing, Started, Ended, Replaced };

  /// One look. Started and Replaced: there is a new run, for which `arm` must be called.
  Change look(TimePoint now, const std::optional<shm::Intent>& intent, TimePoint stamp);

  /// Gives the current run its deadline: start + `run_timeout`.
  void arm(Duration run_timeout);

  /// Takes over a run that a predecessor had seen (intent and start in the ledger). Call `arm` afterwards.
  void restore(const std::optional<shm::Intent>& intent, TimePoint started, TimePoint now);

  /// The look was late: an armed run gets that much more time.
  void extend(Duration lateness);

  /// The worker is gone.
  void clear() { *this = RunWatch{}; }

  [[nodiscard]] const std::optional<shm::Intent>& intent() const noexcept { return intent_; }
  [[nodiscard]] bool running() const noexcept { return intent_.has_value(); }
  [[nodiscard]] TimePoint started() const noexcept { return started_; }
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }
  [[nodiscard]] bool expired(TimePoint now) const noexcept { return deadline_ && now >= *deadline_; }

 private:
  std::optional<shm::Intent> intent_;  ///< nullopt: between jobs
  TimePoint started_{};
  std::optional<TimePoint> last_look_;
  std::optional<TimePoint> deadline_;
};

/// When to look at the lanes: at intervals of half the shortest run timeout, from 5 ms to 1 s; never while all are
/// idle.
class LookSchedule {
 public:
  static constexpr Duration kShortest = std::chrono::milliseconds{5};
  static constexpr Duration kLongest = std::chrono::seconds{1};
  /// Delays below this are normal for timers and schedulers, and do not count as late.
  static constexpr Duration kTolerance = std::chrono::milliseconds{2};

  /// `shortest_run_timeout`: of all pools and open sessions; nullopt: none in force.
  [[nodiscard]] static Duration interval(std::optional<Duration> shortest_run_timeout);

  /// A shorter run timeout could not be kept at the shortest interval, and is refused.
  [[nodiscard]] static constexpr Duration shortest_run_timeout() { return 2 * kShortest; }

  /// Sets the next look. `busy`: some worker may be working. Idle: no look at all, until `wake`.
  void plan(TimePoint now, bool busy, std::optional<Duration> shortest_run_timeout);

  /// Not idle any more (a worker cleared its idle bit, a job was submitted): the next look is due in one interval.
  void wake(TimePoint now, std::optional<Duration> shortest_run_timeout);

  /// How late this look is; 0 within the tolerance. Every armed run is extended by that.
  [[nodiscard]] Duration lateness(TimePoint now) const;

  [[nodiscard]] std::optional<TimePoint> next_look() const noexcept { return next_; }

 private:
  std::optional<TimePoint> next_;
};

}  // namespace ringmaster::core
