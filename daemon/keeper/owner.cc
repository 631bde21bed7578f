#include "daemon/keeper/owner.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "daemon/os/descriptors.h"

namespace ringmaster::keeper {
namespace {

constexpr int kFirstFree = 3;
constexpr int kOutOfTheWay = 16;  // of the numbers that supervisors get

// An option of the socket, or -1.
int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// Whether it would ever hang up. nullptr: it would.
const char* unfit(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    return "is not open: pass the read end of a pipe, or a socket, whose other end the owner keeps";
  if (S_ISFIFO(status.st_mode)) {
    if ((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) return nullptr;
    return "is open for writing and would never hang up: pass the read end of the pipe";
  }
  if (!S_ISSOCK(status.st_mode)) return "is neither a pipe nor a socket";
  if (socket_option(fd, SO_ACCEPTCONN) == 1) return "is a listening socket, which does not hang up";
  const int type = socket_option(fd, SO_TYPE);
  if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return "is a socket without a connection, which does not hang up";
  return nullptr;
}

}  // namespace

const char* Owner::take(const char* number, int listen_fds) noexcept {
  int fd = -1;
  const char* const end = number + std::strlen(number);
  const auto [rest, error] = std::from_chars(number, end, fd);
  if (error != std::errc{} || rest != end || fd < 0) return "is no number of a descriptor";
  if (fd == STDOUT_FILENO || fd == STDERR_FILENO) return "is standard output or error, which are the log's";
  if (fd >= kFirstFree && fd < kFirstFree + listen_fds) return "is one of the sockets of LISTEN_FDS";
  if (const char* const why = unfit(fd)) return why;
  fd_ = daemon::duplicate_above(fd, kFirstFree + listen_fds + kOutOfTheWay);
  if (!fd_) return ::strerrordesc_np(errno);
  if (fd != STDIN_FILENO) return ::close(fd), nullptr;
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return nothing && ::dup2(nothing.get(), STDIN_FILENO) == STDIN_FILENO ? nullptr : ::strerrordesc_np(errno);
}

bool Owner::gone() const noexcept {
  pollfd look{fd_.get(), kEvents, 0};
  return given() && ::poll(&look, 1, 0) > 0;
}

}  // namespace ringmaster::keeper
