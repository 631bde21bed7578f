#pragma once

#include <cstdint>

#include "daemon/incidents/incident_log.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/session_roster.h"

namespace ringmaster::daemon {

/// The job that a lane's intent names, and its submitter; empty if its session is not attached.
[[nodiscard]] IncidentLog::Job running_job(const SessionRoster& sessions, const HandlerCatalog& handlers,
                                           std::uint64_t intent_bits, const shm::LaneRecord& lane);

}  // namespace ringmaster::daemon
