#pragma once

#include <cstdint>
#include <optional>

#include "daemon/jobs/job_asker.h"
#include "daemon/jobs/job_request.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"
#include "shm/slots.h"

namespace ringmaster::daemon {

/// The slot of the session's job `seq`, which may be queued, running or ended.
[[nodiscard]] std::optional<shm::SlotLook> slot_of(const Session& session, std::uint32_t seq);

/// The refusal for a job that does not exist or belongs to somebody else. It does not tell which, because ids can be
/// guessed.
[[nodiscard]] RequestRefusal nothing_to_cancel(std::uint64_t job_id);

/// When the worker of a running job is killed; nullopt: not at all.
[[nodiscard]] std::optional<core::Duration> grace_of(const std::optional<Force>& force, const PoolPort& pool);

/// Cancels a job of a client's session: at once if it is queued; else the pool is asked to stop its handler, or forced
/// to.
[[nodiscard]] OrRefusal<JobCancelled> cancel_in_session(DaemonPort& daemon, const Sessions& sessions, const Peer& peer,
                                                        const CancelRequest& request);

}  // namespace ringmaster::daemon
