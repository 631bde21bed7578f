#pragma once

#include <cstdint>

#include "client/control/control_link.h"
#include "client/types/options.h"

namespace ringmaster::client {

/// Asks the daemon to end the job by force. True: it has ended, or will. False: no such word within the patience.
[[nodiscard]] bool force_cancel(ControlLink& link, std::uint64_t job_id, const Force& force);

}  // namespace ringmaster::client
