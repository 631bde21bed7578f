#pragma once

#include "daemon/core/daemon/memory_grant.h"

namespace ringmaster::daemon {

class SessionTable;
struct Session;

/// What the session was granted and nobody has touched: its segments' sizes less the pages that they have. Holes that
/// were punched count again.
[[nodiscard]] core::Bytes untouched_memory(const Session& session);

/// Whether its client has given pages of the reply segment back (punched a hole, MADV_REMOVE) since an earlier look.
/// What a worker touches there again would be charged to the worker. Nobody else gives pages back, but for a huge one's
/// tail.
[[nodiscard]] bool gave_back_pages(Session& session);

/// The question whether `asked` bytes more may be promised to `uid`, with the figures of this moment: two system calls
/// for each session, and a look at /proc/meminfo and the cgroups. The daemon's own sessions have their pages reserved
/// before a job lies in them, and so promise nothing.
[[nodiscard]] core::GrantQuestion look_at_memory(const SessionTable& sessions, core::Uid uid, core::Bytes asked);

}  // namespace ringmaster::daemon
