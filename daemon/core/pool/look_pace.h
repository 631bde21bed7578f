#pragma once

#include <optional>
#include <span>

#include "daemon/core/worker/run_watch.h"

namespace ringmaster::core {

/// What a look finds about one ready worker.
struct WorkerSight {
  bool running = false;    ///< its lane names a job
  bool active = false;     ///< it may claim jobs
  bool says_idle = false;  ///< its idle bit on the board, which it sets before its last scan for jobs
};
/// True if no worker works and none is missing. `wanted`: how many must be active.
[[nodiscard]] bool all_idle(std::span<const WorkerSight> workers, unsigned wanted) noexcept;

/// Decides when a pool looks at its lanes: as LookSchedule says while any worker may work, and not at all while all
/// sleep. A worker that was woken may still look asleep, and one with an idle bit may find a job in its last scan: so
/// the pool stops looking only after two idle looks in a row.
class LookPace {
 public:
  /// How late a look at `now` is.
  [[nodiscard]] Duration lateness(TimePoint now) const { return looks_.lateness(now); }
  /// Call it after a look. True: all workers sleep, so the next look is when a bell rings.
  [[nodiscard]] bool looked(TimePoint now, bool idle, std::optional<Duration> shortest_run);

  /// A worker was called or told something: the next look does not count as the second idle one.
  void stir() { was_idle_ = false; }
  /// Likewise; and the next look is due in one interval at the latest.
  void wake(TimePoint now, std::optional<Duration> shortest_run);

  [[nodiscard]] std::optional<TimePoint> next_look() const noexcept { return looks_.next_look(); }

 private:
  LookSchedule looks_;
  bool was_idle_ = false;
};

}  // namespace ringmaster::core
