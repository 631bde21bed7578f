#include "daemon/supervisor/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/supervisor/log.h"
#include "proto/socket_path.h"

namespace ringmaster {
namespace {

constexpr int kBacklog = 512;
constexpr int kLockTries = 16;

std::string lock_path(const std::string& path) { return path + ".lock"; }

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

Error live_daemon(const std::string& path) {
  return Error{"another daemon serves \"" + path + "\"; stop it first (ringmaster --socket " + path +
                   " stop), or choose another place with --socket",
               EADDRINUSE};
}

Result<UniqueFd> take_lock(const std::string& path) {
  const std::string name = lock_path(path);
  for (int tries = 0; tries < kLockTries; ++tries) {
    UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
      return errno_error("cannot make \"" + name +
                             "\" for the socket's lock; make its folder, or choose another place" + " with --socket",
                         errno);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return live_daemon(path);
      return errno_error("cannot lock \"" + name + "\"", errno);
    }
    // A daemon that just ended may have removed the file between our open and our lock.
    struct stat held {};
    struct stat named {};
    if (::fstat(lock.get(), &held) == 0 && ::stat(name.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev) {
      return lock;
    }
  }
  return Error{"cannot lock \"" + name + "\": it is removed again and again"};
}

// Somebody who listens without our lock (started by other means) is respected all the same.
bool answers(const std::string& path) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno == EAGAIN || errno == EINPROGRESS;
}

Result<void> clear_place(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) {
    return Error{"\"" + path + "\" is there and is no socket; it is not touched: remove it, or choose another place " +
                 "with --socket"};
  }
  if (answers(path)) return live_daemon(path);
  log_info("a stale socket is replaced", {{"socket", path}});
  if (::unlink(path.c_str()) != 0) return errno_error("cannot remove the stale socket \"" + path + "\"", errno);
  return {};
}

}  // namespace

void make_socket_folder(const std::string& socket) {
  const std::string folder = socket.substr(0, socket.rfind('/'));
  // Whatever the umask says, clients must be able to enter. What cannot be made is told by who opens the lock in it.
  if (::mkdir(folder.c_str(), 0755) == 0) (void)::chmod(folder.c_str(), 0755);
}

Result<Listener> open_listener(const std::string& path, const config::DaemonConfig& config) {
  Listener listener;
  if (path == kSystemSocket && ::geteuid() == 0) make_socket_folder(path);
  auto lock = take_lock(path);
  if (!lock) return lock.error();
  listener.lock = std::move(*lock);
  if (auto clear = clear_place(path); !clear) return clear.error();
  listener.socket.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket) return errno_error("cannot make a Unix socket", errno);
  const sockaddr_un address = address_of(path);
  // Closed to all until mode and group are right.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return errno_error("cannot make the socket \"" + path + "\"", error);
  if (config.socket_gid && ::chown(path.c_str(), static_cast<uid_t>(-1), *config.socket_gid) != 0) {
    return errno_error("cannot give the socket \"" + path + "\" to group \"" + config.socket_group + "\"", errno);
  }
  if (::chmod(path.c_str(), config.socket_mode) != 0) {
    return errno_error("cannot set the mode of the socket \"" + path + "\"", errno);
  }
  if (::listen(listener.socket.get(), kBacklog) != 0) {
    return errno_error("cannot listen on \"" + path + "\"", errno);
  }
  return listener;
}

void remove_listener(const std::string& path) {
  ::unlink(path.c_str());
  ::unlink(lock_path(path).c_str());
}

}  // namespace ringmaster
