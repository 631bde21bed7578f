#pragma once

#include "daemon/core/daemon/memory_grant.h"

namespace ringmaster::daemon {

class SessionTable;
struct Session;

/// The memory that a session was granted but has not used: its segments' sizes minus the pages that they have. Punched
/// holes count as unused.
[[nodiscard]] core::Bytes untouched_memory(const Session& session);

/// True if the client has freed pages of the reply segment since an earlier look (by a punched hole or MADV_REMOVE): a
/// worker that touches them again would be charged for them. Nobody else frees pages there, except that the kernel may
/// free the unused tail of a huge page.
[[nodiscard]] bool gave_back_pages(Session& session);

/// The question whether `uid` may be granted `asked` bytes more, with the current figures. Costs two system calls per
/// session, and reads /proc/meminfo and the cgroups. The daemon's own sessions do not count as promised memory: their
/// pages are reserved before a job uses them.
[[nodiscard]] core::GrantQuestion look_at_memory(const SessionTable& sessions, core::Uid uid, core::Bytes asked);

}  // namespace ringmaster::daemon
