#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "shm/base/result.h"

namespace ringmaster {

/// Where a service's daemon listens.
inline constexpr const char* kSystemSocket = "/run/ringmaster/ringmaster.sock";

/// What the rule for the default socket looks at. An argument, so that the rule can be tested.
struct SocketEnvironment {
  uid_t euid = 0;
  std::optional<std::string>
      runtime_directory;  ///< $RUNTIME_DIRECTORY: systemd sets it for services; ':' between several
  std::optional<std::string> xdg_runtime_dir;    ///< $XDG_RUNTIME_DIR
  std::optional<std::string> ringmaster_socket;  ///< $RINGMASTER_SOCKET; only clients look at it
};

/// This process's own.
[[nodiscard]] SocketEnvironment this_socket_environment();

/// The default socket, the same for daemon and clients: /run/ringmaster/ringmaster.sock for root and for a service
/// that was given /run/ringmaster, else $XDG_RUNTIME_DIR/ringmaster.sock. An Error says what to set where neither
/// applies.
[[nodiscard]] Result<std::string> default_socket_path(const SocketEnvironment& environment);

/// What the daemon listens on: `chosen` (--socket or the configuration; empty: none), else the default.
/// Too long for sun_path (108 bytes with the final zero) or not absolute: an Error.
[[nodiscard]] Result<std::string> daemon_socket_path(const std::string& chosen, const SocketEnvironment& environment);

/// What a client connects to: `chosen` (--socket; empty: none), then $RINGMASTER_SOCKET, then the default; where the
/// default is not there but the system's socket is (`exists`), that one, so that a user reaches the service without
/// setting anything.
[[nodiscard]] Result<std::string> client_socket_path(const std::string& chosen, const SocketEnvironment& environment,
                                                     bool (*exists)(const std::string& path));

/// Whether something lies at `path`; for client_socket_path.
[[nodiscard]] bool path_exists(const std::string& path);

/// An Error where `path` cannot be a socket's address.
[[nodiscard]] Result<void> check_socket_path(const std::string& path);

}  // namespace ringmaster
