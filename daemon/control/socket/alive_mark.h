#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// The reading end of the FIFO beside a service manager's socket (alive_mark_path in proto/socket_path.h). The keeper
/// holds it for the daemon's life: with nobody at it a client knows, without a connection, that connecting would start
/// the service. `make`: the socket is the service manager's; else the FIFO is held only if it is there, left by a
/// service. Empty: there is none, and none is needed. It is never removed.
[[nodiscard]] Result<UniqueFd> open_alive_mark(const std::string& socket, bool make);

}  // namespace ringmaster::daemon
