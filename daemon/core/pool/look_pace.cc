#include "daemon/core/pool/look_pace.h"

namespace ringmaster::core {

bool all_idle(std::span<const WorkerSight> workers, unsigned wanted) noexcept {
  unsigned active = 0;
  for (const WorkerSight& worker : workers) {
    if (worker.running || (worker.active && !worker.says_idle)) return false;
    if (worker.active) ++active;
  }
  return active >= wanted;
}

bool LookPace::looked(TimePoint now, bool idle, std::optional<Duration> shortest_run) {
  const bool sleep = idle && was_idle_;
  looks_.plan(now, !sleep, shortest_run);
  was_idle_ = idle;
  return sleep;
}

void LookPace::wake(TimePoint now, std::optional<Duration> shortest_run) {
  stir();
  looks_.wake(now, shortest_run);
}

}  // namespace ringmaster::core
