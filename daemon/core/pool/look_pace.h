#pragma once

#include <optional>
#include <span>

#include "daemon/core/worker/run_watch.h"

namespace ringmaster::core {

/// What a look finds of one worker that is ready.
struct WorkerSight {
  bool running = false;    ///< its lane names a job
  bool active = false;     ///< it may claim jobs
  bool says_idle = false;  ///< its bit on the board, set before its last scan for jobs
};
/// Nobody works, and nobody is missing who would. `wanted`: so many are to be active.
[[nodiscard]] bool all_idle(std::span<const WorkerSight> workers, unsigned wanted) noexcept;

/// When a pool looks at its lanes: as LookSchedule says while anybody may work, and not at all while everybody sleeps.
/// A worker that was rung may still be asleep, and one that says it is idle may still find a job in its last scan: so
/// nobody sleeps before two idle looks in a row.
class LookPace {
 public:
  /// How late a look at `now` is.
  [[nodiscard]] Duration lateness(TimePoint now) const { return looks_.lateness(now); }
  /// After a look. True: everybody sleeps, and the next look is when a bell rings.
  [[nodiscard]] bool looked(TimePoint now, bool idle, std::optional<Duration> shortest_run);

  /// Somebody was rung or told something: this look, if it is one, is not the second idle one.
  void stir() { was_idle_ = false; }
  /// Likewise, and a look is due one interval from now, if none is due before.
  void wake(TimePoint now, std::optional<Duration> shortest_run);

  [[nodiscard]] std::optional<TimePoint> next_look() const noexcept { return looks_.next_look(); }

 private:
  LookSchedule looks_;
  bool was_idle_ = false;
};

}  // namespace ringmaster::core
