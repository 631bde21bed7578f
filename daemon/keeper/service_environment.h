#pragma once

#include <cstdint>

namespace ringmaster::keeper {

/// What a service manager has told this process by environment variables.
struct ServiceEnvironment {
  const char* notify_socket = "";  ///< stays valid after clear_service_environment
  std::uint64_t watchdog_ns = 0;
  int listen_fds = 0;  ///< descriptors 3, 4, … are listening sockets
};

/// Reads NOTIFY_SOCKET, WATCHDOG_USEC (with WATCHDOG_PID), LISTEN_FDS (with LISTEN_PID) as sd_notify(3) and
/// sd_listen_fds(3) describe; values for another pid and values that are not numbers are ignored.
[[nodiscard]] ServiceEnvironment read_service_environment(int own_pid);

/// Removes these variables from the environment, so that neither supervisor nor workers can act for the service.
void clear_service_environment();

}  // namespace ringmaster::keeper
