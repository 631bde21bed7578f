#pragma once

namespace ringmaster::worker {

/// Who may trace this worker and read its memory. Where the daemon gave it another user ($RINGMASTER_GUARDED), nobody
/// but root: others of that user would read every session of the pool. Elsewhere whoever may become the daemon may.
/// The first thing that a worker does; until then the daemon's exec_guard.h has kept others out.
void guard_process();

}  // namespace ringmaster::worker
