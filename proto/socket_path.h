#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace ringmaster::wire {

/// Where a daemon that runs as a system service listens.
inline constexpr const char* kSystemSocket = "/run/ringmaster/ringmaster.sock";

/// What the rule for the socket's path depends on; an argument, for tests.
struct SocketEnvironment {
  uid_t euid = 0;
  /// $RUNTIME_DIRECTORY: systemd sets it for services; ':' between several.
  std::optional<std::string> runtime_directory;
  std::optional<std::string> xdg_runtime_dir;    ///< $XDG_RUNTIME_DIR
  std::optional<std::string> ringmaster_socket;  ///< $RINGMASTER_SOCKET
  bool run_user = false;                         ///< /run/user/UID exists and belongs to this user
};

/// The environment of this process.
[[nodiscard]] SocketEnvironment this_socket_environment();

/// A socket's path, and where it comes from.
struct SocketPlace {
  std::string path;
  std::string origin;   ///< "--socket", "$RINGMASTER_SOCKET" or "default": for messages
  std::string instead;  ///< the other default path, where no socket was found; empty: there was none to try
};

/// The default socket, the same for daemon and clients: /run/ringmaster/ringmaster.sock for root and for a service that
/// got /run/ringmaster from systemd, else $XDG_RUNTIME_DIR/ringmaster.sock, else /run/user/UID/ringmaster.sock, else
/// ringmaster.sock in private_socket_folder(). An Error if the path in $XDG_RUNTIME_DIR cannot be a socket's address.
[[nodiscard]] Result<std::string> default_socket_path(const SocketEnvironment& environment);

/// What the daemon listens on: `option` (--socket; empty: none), then $RINGMASTER_SOCKET, then `configured`
/// (empty: none), then the default. An Error, which names the path's origin, if it is not absolute or too long for
/// sun_path (108 bytes with the final zero).
[[nodiscard]] Result<std::string> daemon_socket_path(const std::string& option, const std::string& configured,
                                                     const SocketEnvironment& environment);

/// What a client connects to: `option` (--socket; empty: none), then $RINGMASTER_SOCKET, then the default. If the
/// default does not exist but the system's socket does (`exists`), that one: so a user reaches the service without any
/// setting.
[[nodiscard]] Result<SocketPlace> client_socket_place(const std::string& option, const SocketEnvironment& environment,
                                                      bool (*exists)(const std::string& path));

/// "tried $RINGMASTER_SOCKET", "tried the default places /a and /b": the end of the error message "no daemon answers".
/// Empty for a path that the caller named itself.
[[nodiscard]] std::string places_tried(const SocketPlace& place);

/// True if `path` exists; for client_socket_place.
[[nodiscard]] bool path_exists(const std::string& path);

/// The FIFO beside a service manager's socket. The daemon that serves the socket holds it open for reading.
[[nodiscard]] std::string alive_mark_path(const std::string& socket);

/// True if only a service manager listens on `socket`, so that a connection would start the service. Makes no
/// connection. False if it cannot be known.
[[nodiscard]] bool would_start_service(const std::string& socket);

/// An Error if `path` cannot be a socket's address.
[[nodiscard]] Result<void> check_socket_path(const std::string& path);

/// /tmp/ringmaster-UID: for a user without a runtime directory.
[[nodiscard]] std::string private_socket_folder(uid_t euid);

/// Checks private_socket_folder() before its socket is used, because others may create things in /tmp: it must be a
/// folder of user `euid` that nobody else may write. Does nothing if `path` lies elsewhere. A missing folder is made
/// for the daemon (Make), and is no error for a client (Leave). An Error says what was found.
enum class MissingFolder { Leave, Make };
[[nodiscard]] Result<void> check_private_folder(const std::string& path, uid_t euid, MissingFolder missing);

}  // namespace ringmaster::wire
