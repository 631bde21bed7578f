#include "daemon/control/socket/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/plant.h"
#include "daemon/log/log.h"
#include "proto/socket_path.h"

namespace ringmaster::daemon {
namespace {

constexpr int kBacklog = 512;
constexpr int kLockTries = 16;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

// True if a process has a socket that is bound to `path`. Asked with the wrong socket type, whose error tells this
// without a connection: so no service is started by it.
bool somebody_listens(const std::string& path) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno == EPROTOTYPE;
}

// `lock`: the other daemon's lock file, which names its keeper's process; -1: it has none.
Error live_daemon(const std::string& path, int lock) {
  char text[24] = {};
  const ssize_t got = lock < 0 ? 0 : ::pread(lock, text, sizeof text - 1, 0);
  const long pid = got > 0 ? std::strtol(text, nullptr, 10) : 0;
  const std::string process = std::to_string(pid);
  std::string ways;
  if (pid > 0) ways = "kill " + process;
  if (somebody_listens(path)) ways += (ways.empty() ? "" : ", or ") + ("ringmaster --socket " + path + " stop");
  return Error{"another daemon serves \"" + path + "\"" + (pid > 0 ? " (process " + process + ")" : std::string{}) +
                   "; stop it first" + (ways.empty() ? "" : " (" + ways + ")") +
                   ", or choose another place with --socket",
               EADDRINUSE};
}

void write_holder(int lock) {
  const std::string process = std::to_string(::getppid()) + "\n";
  // If this fails, a later message lacks the process number, nothing else.
  if (::ftruncate(lock, 0) == 0 && ::pwrite(lock, process.data(), process.size(), 0) < 0) return;
}

Result<void> clear_place(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) {
    return Error{"\"" + path + "\" exists and is not a socket; it is not touched: remove it, or choose another place " +
                 "with --socket"};
  }
  // A process that listens without our lock is left alone too.
  if (somebody_listens(path)) return live_daemon(path, -1);
  log_info("a stale socket is replaced", {{"socket", path}});
  if (::unlink(path.c_str()) != 0) return errno_error("cannot remove the stale socket \"" + path + "\"", errno);
  return {};
}

Result<void> open_to_clients(const std::string& path, const config::DaemonConfig& config, int socket) {
  if (config.socket_gid && ::chown(path.c_str(), static_cast<uid_t>(-1), *config.socket_gid) != 0) {
    return errno_error("cannot give the socket \"" + path + "\" to group \"" + config.socket_group + "\"", errno);
  }
  if (::chmod(path.c_str(), config.socket_mode) != 0) {
    return errno_error("cannot set the mode of the socket \"" + path + "\"", errno);
  }
  if (::listen(socket, kBacklog) != 0) return errno_error("cannot listen on \"" + path + "\"", errno);
  return {};
}

}  // namespace

std::optional<FileId> file_at(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return std::nullopt;
  return FileId{facts.st_dev, facts.st_ino};
}

std::optional<FileId> file_of(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return std::nullopt;
  return FileId{facts.st_dev, facts.st_ino};
}

std::string lock_path(const std::string& socket) { return socket + ".lock"; }

Result<UniqueFd> take_lock(const std::string& path) {
  const std::string name = lock_path(path);
  for (int tries = 0; tries < kLockTries; ++tries) {
    UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
      return errno_error(
          "cannot make \"" + name + "\" for the socket's lock; make its folder, or choose another place with --socket",
          errno);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return live_daemon(path, lock.get());
      return errno_error("cannot lock \"" + name + "\"", errno);
    }
    // A daemon that was ending may have removed the file between our open and our lock: then the lock is worthless.
    if (file_of(lock.get()) == file_at(name)) {
      write_holder(lock.get());
      return lock;
    }
  }
  return Error{"cannot lock \"" + name + "\": it is removed again and again"};
}

void make_socket_folder(const std::string& socket) {
  const std::string folder = socket.substr(0, socket.rfind('/'));
  // With any umask clients must be able to enter. If this fails, opening the lock file reports it.
  if (::mkdir(folder.c_str(), 0755) == 0) (void)::chmod(folder.c_str(), 0755);
}

Result<Listener> open_listener(const std::string& path, const config::DaemonConfig& config, UniqueFd held) {
  Listener listener;
  if (path == wire::kSystemSocket && ::geteuid() == 0) make_socket_folder(path);
  listener.lock = std::move(held);
  if (!listener.lock || file_of(listener.lock.get()) != file_at(lock_path(path))) {
    auto lock = take_lock(path);
    if (!lock) return lock.error();
    listener.lock = std::move(*lock);
  }
  if (auto clear = clear_place(path); !clear) return clear.error();
  listener.socket.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket) return errno_error("cannot make a Unix socket", errno);
  const sockaddr_un address = address_of(path);
  // Nobody may connect until mode and group are right.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return errno_error("cannot make the socket \"" + path + "\"", error);
  listener.place = file_at(path);
  if (auto opened = open_to_clients(path, config, listener.socket.get()); !opened) {
    ::unlink(path.c_str());
    return opened.error();
  }
  return listener;
}

core::PlaceSight look_at_place(const std::string& path, const std::optional<FileId>& ours) {
  using core::PlaceSight;
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    return errno == ENOENT && ::stat(folder.c_str(), &found) == 0 ? PlaceSight::Gone : PlaceSight::NoFolder;
  }
  if (!S_ISSOCK(found.st_mode)) return PlaceSight::NoSocket;
  if (ours == FileId{found.st_dev, found.st_ino}) return PlaceSight::Ours;
  return somebody_listens(path) ? PlaceSight::Foreign : PlaceSight::Dead;
}

std::string bound_path(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  const std::size_t start = offsetof(sockaddr_un, sun_path);
  if (size <= start || address.sun_path[0] == '\0') return {};  // unnamed, or abstract
  return {address.sun_path, ::strnlen(address.sun_path, size - start)};
}

void remove_listener(const std::string& path, const Listener& listener) {
  if (planted(Plant::SocketLeft)) return;
  if (listener.place && listener.place == file_at(path)) ::unlink(path.c_str());
  const std::string lock = lock_path(path);
  if (listener.lock && file_of(listener.lock.get()) == file_at(lock)) ::unlink(lock.c_str());
}

}  // namespace ringmaster::daemon
