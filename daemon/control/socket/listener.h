#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/config/config.h"
#include "daemon/core/daemon/socket_place.h"

namespace ringmaster::daemon {

/// Identifies the file behind a name. The inode of an open or bound file is not used again, so two of these are equal
/// only for the same file.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
/// The file with this name, without following a link. nullopt: there is none.
[[nodiscard]] std::optional<FileId> file_at(const std::string& path);
/// The file of an open descriptor.
[[nodiscard]] std::optional<FileId> file_of(int fd);

/// A listening socket and the lock on the file beside it. The process that holds the lock owns the path: a socket that
/// it finds there is stale and is replaced, while a live daemon's socket is never touched. The lock belongs to the open
/// file description, so it passes to successors by the keeper's deposit and ends with the keeper. The file names the
/// keeper's process.
struct Listener {
  UniqueFd socket;
  UniqueFd lock;
  std::optional<FileId> place;  ///< the socket's file; unset: not known to be ours
};

/// Makes the folder of `socket` if it is missing and its parent exists. For the system's default path: after a boot its
/// folder is gone, and without a service manager nobody else makes it.
void make_socket_folder(const std::string& socket);

/// Makes the listening socket. An Error is for the user: another daemon serves the path, or why the socket cannot be
/// made. `lock`: a lock that is held already, or empty.
[[nodiscard]] Result<Listener> open_listener(const std::string& path, const config::DaemonConfig& config,
                                             UniqueFd lock = UniqueFd());

/// Takes the lock; an Error names the process that has it.
[[nodiscard]] Result<UniqueFd> take_lock(const std::string& socket);
[[nodiscard]] std::string lock_path(const std::string& socket);
[[nodiscard]] core::PlaceSight look_at_place(const std::string& path, const std::optional<FileId>& ours);
/// The path that a listening socket is bound to; empty if it has none.
[[nodiscard]] std::string bound_path(int socket);

/// Removes socket and lock file at the daemon's orderly end, each only if it is still the file that we made.
void remove_listener(const std::string& path, const Listener& listener);

}  // namespace ringmaster::daemon
