#pragma once

namespace ringmaster::worker {

/// Sets who may trace this worker and read its memory. If the pool has a user of its own ($RINGMASTER_GUARDED), only
/// root: otherwise other processes of that user could read every session of the pool. Else everyone who may trace the
/// daemon. A worker does this first of all; until then the daemon's exec_guard.h protects it.
void guard_process();

}  // namespace ringmaster::worker
