#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/config/config.h"
#include "daemon/core/daemon/socket_place.h"

namespace ringmaster::daemon {

/// Which file a name leads to. An inode that is held open or bound is not given out again, so two of these are equal
/// only for the same file.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
/// Of the name itself, no link followed. nullopt: nothing there.
[[nodiscard]] std::optional<FileId> file_at(const std::string& path);
/// Of an open descriptor.
[[nodiscard]] std::optional<FileId> file_of(int fd);

/// A listening socket and the lock on the file beside it. Whoever holds the lock owns the path: a socket that is found
/// there while the lock is held is stale and is replaced; a live daemon's is never touched. The lock lives in the open
/// file description, so it passes to successors with the keeper's deposit and ends with the keeper; the file names the
/// keeper's process.
struct Listener {
  UniqueFd socket;
  UniqueFd lock;
  std::optional<FileId> place;  ///< the socket's file; unset: not known to be ours
};

/// Makes the folder that `socket` lies in, if it is missing and its parent is there; else does nothing. For the
/// system's default place, which is gone after each boot and nobody else makes where there is no service manager.
void make_socket_folder(const std::string& socket);

/// An Error's text is for the user: another daemon is there, or why the socket cannot be made. `lock`: one that is held
/// already, or empty.
[[nodiscard]] Result<Listener> open_listener(const std::string& path, const config::DaemonConfig& config,
                                             UniqueFd lock = UniqueFd());

/// An Error names who holds it.
[[nodiscard]] Result<UniqueFd> take_lock(const std::string& socket);
[[nodiscard]] std::string lock_path(const std::string& socket);
[[nodiscard]] core::PlaceSight look_at_place(const std::string& path, const std::optional<FileId>& ours);
/// The path that a listening socket was bound to; empty where it has none.
[[nodiscard]] std::string bound_path(int socket);

/// Removes socket and lock file at the daemon's orderly end, each only if it is still the one that we made.
void remove_listener(const std::string& path, const Listener& listener);

}  // namespace ringmaster::daemon
