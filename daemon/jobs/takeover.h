#pragma once

#include <optional>
#include <vector>

#include "daemon/jobs/message_job.h"
#include "daemon/sessions/session.h"
#include "shm/ledger/delivered.h"

namespace ringmaster::daemon {

/// What a slot of a dead supervisor's session says of a job; nullopt: it is none that anybody could ask for. What it
/// says must fit the ring and carry a cookie. Without home and charge.
[[nodiscard]] std::optional<MessageJob> job_left_in(const Session& session, std::uint32_t slot,
                                                    const shm::DeliveredTable& delivered);

/// All of them.
[[nodiscard]] std::vector<MessageJob> jobs_left_in(const Session& session, const shm::DeliveredTable& delivered);

}  // namespace ringmaster::daemon
