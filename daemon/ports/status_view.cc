#include "daemon/ports/status_view.h"

namespace ringmaster::daemon {

void count_jobs(StatusView& status) {
  for (PoolView& pool : status.pools) {
    pool.queued = pool.running = 0;
    for (const SessionView& session : status.sessions) {
      if (session.pool != pool.name) continue;
      pool.queued += session.queued;
      pool.running += session.running;
    }
  }
}

}  // namespace ringmaster::daemon
