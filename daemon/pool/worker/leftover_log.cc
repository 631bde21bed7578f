#include "daemon/pool/worker/leftover_log.h"

#include <utility>

#include "daemon/log/log.h"

namespace ringmaster::daemon {

void LeftoverLog::note(core::TimePoint now, const From& from, const worker_link::Leftovers& what) {
  const bool lived = what.ended != 0 || what.kept != 0;
  // Dead processes cost nothing, so they are only logged for debugging.
  if (!lived) {
    return log_debug("dead processes of jobs were reaped", {{"pool", from.pool},
                                                            {"seat", from.seat},
                                                            {"pid", from.pid},
                                                            {"job", what.last_job},
                                                            {"jobs", what.jobs},
                                                            {"reaped", what.reaped}});
  }
  if (!bucket_.take(now)) {
    ++left_out_;
    return;
  }
  const char* said = what.jobs == 1 ? "a job left processes behind" : "one of several jobs left processes behind";
  log_warning(said, {{"pool", from.pool},
                     {"seat", from.seat},
                     {"pid", from.pid},
                     {"job", what.last_job},
                     {"first_job", what.first_job},
                     {"jobs", what.jobs},
                     {"processes", what.names},
                     {what.ended != 0 ? "ended" : "kept", what.ended != 0 ? what.ended : what.kept},
                     {"reports_left_out", std::exchange(left_out_, 0)}});
}

}  // namespace ringmaster::daemon
