#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace ringmaster::wire {

/// Where a service's daemon listens.
inline constexpr const char* kSystemSocket = "/run/ringmaster/ringmaster.sock";

/// What the rule for the socket's place looks at. An argument, so that the rule can be tested.
struct SocketEnvironment {
  uid_t euid = 0;
  /// $RUNTIME_DIRECTORY: systemd sets it for services; ':' between several.
  std::optional<std::string> runtime_directory;
  std::optional<std::string> xdg_runtime_dir;    ///< $XDG_RUNTIME_DIR
  std::optional<std::string> ringmaster_socket;  ///< $RINGMASTER_SOCKET
  bool run_user = false;                         ///< /run/user/UID is there, and this user's own
};

/// This process's own.
[[nodiscard]] SocketEnvironment this_socket_environment();

/// A socket's path, and how it was arrived at.
struct SocketPlace {
  std::string path;
  std::string origin;   ///< "--socket", "$RINGMASTER_SOCKET" or "default": for messages
  std::string instead;  ///< the other place where a daemon was looked for and none is; empty: none was
};

/// The default socket, the same for daemon and clients: /run/ringmaster/ringmaster.sock for root and for a service
/// that was given /run/ringmaster, else $XDG_RUNTIME_DIR/ringmaster.sock, else /run/user/UID/ringmaster.sock, else
/// PRIVATE/ringmaster.sock (private_socket_folder). An Error where $XDG_RUNTIME_DIR makes no address.
[[nodiscard]] Result<std::string> default_socket_path(const SocketEnvironment& environment);

/// What the daemon listens on: `option` (--socket; empty: none), then $RINGMASTER_SOCKET, then `configured`
/// (empty: none), then the default. Too long for sun_path (108 bytes with the final zero) or not absolute: an Error
/// that names where it came from.
[[nodiscard]] Result<std::string> daemon_socket_path(const std::string& option, const std::string& configured,
                                                     const SocketEnvironment& environment);

/// What a client connects to: `option` (--socket; empty: none), then $RINGMASTER_SOCKET, then the default; where the
/// default is not there but the system's socket is (`exists`), that one, so that a user reaches the service without
/// setting anything.
[[nodiscard]] Result<SocketPlace> client_socket_place(const std::string& option, const SocketEnvironment& environment,
                                                      bool (*exists)(const std::string& path));

/// "tried $RINGMASTER_SOCKET", "tried the default places /a and /b": the end of a message that no daemon answers.
/// Empty for a path that the caller named itself.
[[nodiscard]] std::string places_tried(const SocketPlace& place);

/// Whether something lies at `path`; for client_socket_place.
[[nodiscard]] bool path_exists(const std::string& path);

/// The FIFO beside a service manager's socket that a daemon which serves it holds open for reading.
[[nodiscard]] std::string alive_mark_path(const std::string& socket);

/// The service manager listens on `socket` and no daemon serves it, so that a connection would start the service. Found
/// without one. False where that cannot be known.
[[nodiscard]] bool would_start_service(const std::string& socket);

/// An Error where `path` cannot be a socket's address.
[[nodiscard]] Result<void> check_socket_path(const std::string& path);

/// The last resort for a user whom nobody gave a runtime directory: /tmp/ringmaster-UID.
[[nodiscard]] std::string private_socket_folder(uid_t euid);

/// Others may write beside /tmp/ringmaster-UID: before anything is said to a socket in it, that folder must be a
/// folder of user `euid`, closed to writers. Does nothing for a `path` elsewhere, and for a folder that is not there,
/// which `make` (for the daemon) makes first. An Error says what was found.
enum class MissingFolder { Leave, Make };
[[nodiscard]] Result<void> check_private_folder(const std::string& path, uid_t euid, MissingFolder missing);

}  // namespace ringmaster::wire
