#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/pool/worker_range.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// Decides how many workers a pool wants between the two ends of its range.
///
/// - It grows when a job has waited longer than the start of a worker takes: an earlier start would not have helped it.
///   By as many as wait, at most to double; and not again before as many have come, and have had as long to help.
///   With `grow_after`: when a job has waited for so long; at once to one worker for each job, running or not.
/// - It shrinks to the number of workers that had something to do at some time in the last `idle_timeout` (0: never).
///
/// Workers that are replaced, recycled or dead, make no difference: a pool grows though it is never complete.
/// A range of one number needs no look, and never changes anything.
class Scaling {
 public:
  /// What a look finds.
  struct Sight {
    std::uint64_t queued = 0;
    Duration oldest{};     ///< how long the oldest of these has waited
    unsigned running = 0;  ///< workers that have a job
    unsigned active = 0;   ///< workers that may take jobs
    bool awake = false;    ///< some worker may work: jobs may come without a bell
  };

  /// REQUIRES: 1 <= min <= max, here and below.
  Scaling(WorkerRange range, Duration idle_timeout, std::optional<Duration> grow_after = std::nullopt);

  /// A successor finds so many that its predecessor had wanted, and goes on with them.
  void take_over(TimePoint now, unsigned workers);
  /// Other ends from now on.
  void set_range(TimePoint now, WorkerRange range);
  /// A worker was ready so long after its process began.
  void started(Duration took);
  void look(TimePoint now, const Sight& sight);

  [[nodiscard]] WorkerRange range() const { return range_; }
  [[nodiscard]] unsigned wanted() const { return wanted_; }
  /// When to look next, so that growth comes in time, or an idle worker goes.
  [[nodiscard]] std::optional<TimePoint> next_look() const { return next_look_; }

 private:
  [[nodiscard]] std::uint64_t needed(const Sight& sight) const;
  void grow(TimePoint now, const Sight& sight);
  void double_at_most(TimePoint now, const Sight& sight);
  void shrink(TimePoint now);
  void plan_look(TimePoint now, bool awake);
  void want(TimePoint now, unsigned workers);
  [[nodiscard]] Duration start_cost() const;
  [[nodiscard]] Duration patience() const { return grow_after_.value_or(start_cost()); }

  WorkerRange range_;
  Duration idle_timeout_;
  std::optional<Duration> grow_after_;
  unsigned wanted_;
  std::optional<Duration> start_cost_;     ///< of the last starts
  unsigned awaited_;                       ///< so many were wished and have not come yet
  std::optional<TimePoint> helpers_came_;  ///< the first look that found that all of these had come
  std::vector<TimePoint> needed_;          ///< when the (n + 1)th worker last had something to do
  std::optional<TimePoint> next_look_;
};

}  // namespace ringmaster::core
