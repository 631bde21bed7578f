#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Opens the read end of the FIFO beside a service manager's socket (alive_mark_path in proto/socket_path.h). The
/// keeper holds it for the daemon's life: if nobody has it open, a client knows without connecting that a connection
/// would start the service. `make`: the socket is the service manager's; otherwise the FIFO is opened only if a service
/// has left one. Empty: there is none, and none is needed. The FIFO is never removed.
[[nodiscard]] Result<UniqueFd> open_alive_mark(const std::string& socket, bool make);

}  // namespace ringmaster::daemon
