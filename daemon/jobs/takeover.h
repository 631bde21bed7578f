#pragma once

#include <optional>
#include <vector>

#include "daemon/jobs/message_job.h"
#include "daemon/sessions/session.h"
#include "shm/ledger/delivered.h"

namespace ringmaster::daemon {

/// Reads a job from a slot of a dead supervisor's session, without home and charge. nullopt: there is no job that
/// anybody could ask for, because it has no cookie or its extents are not in the ring.
[[nodiscard]] std::optional<MessageJob> job_left_in(const Session& session, std::uint32_t slot,
                                                    const shm::DeliveredTable& delivered);

/// All such jobs of a session.
[[nodiscard]] std::vector<MessageJob> jobs_left_in(const Session& session, const shm::DeliveredTable& delivered);

}  // namespace ringmaster::daemon
