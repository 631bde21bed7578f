#pragma once

#include <memory>

#include "client/control/control_link.h"
#include "client/session/session_core.h"
#include "client/types/options.h"

namespace ringmaster::client {

/// Opens a session: asks the daemon, maps the segments, lets the daemon seal the request segment, and waits until
/// workers are attached. Starts again if the daemon restarts in between.
[[nodiscard]] Result<std::shared_ptr<SessionCore>> open_session(ControlLink& link, const std::string& pool,
                                                                const SessionOptions& options, const std::string& name);

}  // namespace ringmaster::client
