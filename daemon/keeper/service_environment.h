#pragma once

#include <cstdint>

namespace ringmaster::keeper {

/// What a service manager told this process through its environment.
struct ServiceEnvironment {
  const char* notify_socket = "";  ///< stays valid after clear_service_environment
  std::uint64_t watchdog_ns = 0;
  int listen_fds = 0;  ///< descriptors 3, 4, … are listening sockets
};

/// Reads NOTIFY_SOCKET, WATCHDOG_USEC (with WATCHDOG_PID), LISTEN_FDS (with LISTEN_PID) as sd_notify(3) and
/// sd_listen_fds(3) describe; what is meant for another pid or is no number counts as absent.
[[nodiscard]] ServiceEnvironment read_service_environment(int own_pid);

/// Takes these variables out of the environment, so that neither supervisor nor workers speak for the service.
void clear_service_environment();

}  // namespace ringmaster::keeper
