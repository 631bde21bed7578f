#pragma once

#include <optional>
#include <string>

#include "daemon/supervisor/config.h"
#include "shm/base/result.h"
#include "shm/base/unique_fd.h"

namespace ringmaster {

/// A listening socket and the lock on the file beside it. Whoever holds the lock owns the path: a socket that is found
/// there while the lock is held is stale and is replaced; a live daemon's is never touched. The lock lives in the open
/// file description, so it passes to successors with the keeper's deposit and ends with the keeper.
struct Listener {
  UniqueFd socket;
  UniqueFd lock;
};

/// Makes the folder that `socket` lies in, if it is missing and its parent is there; else does nothing. For the
/// system's default place, which is gone after each boot and nobody else makes where there is no service manager.
void make_socket_folder(const std::string& socket);

/// An Error's text is for the user: another daemon is there, or why the socket cannot be made.
[[nodiscard]] Result<Listener> open_listener(const std::string& path, const config::DaemonConfig& config);

/// Removes socket and lock file at the daemon's orderly end. REQUIRES: the lock is held.
void remove_listener(const std::string& path);

}  // namespace ringmaster
