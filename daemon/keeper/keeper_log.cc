#include "daemon/keeper/keeper_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "daemon/os/journal_stream.h"

namespace ringmaster::keeper {
namespace {

int log_fd = STDERR_FILENO;
bool log_is_socket = false;
bool log_is_own = false;
bool log_to_journal = false;

}  // namespace

void open_log() noexcept {
  struct stat status {};
  log_is_socket = ::fstat(STDERR_FILENO, &status) == 0 && S_ISSOCK(status.st_mode);
  log_to_journal = daemon::is_journal_stream(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));
  // Without O_APPEND, writers with file offsets of their own, such as the supervisor, would overwrite our lines.
  if (S_ISREG(status.st_mode)) ::fcntl(STDERR_FILENO, F_SETFL, ::fcntl(STDERR_FILENO, F_GETFL) | O_APPEND);
  if (log_is_socket) return;
  const int own = ::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return;
  log_fd = own;
  log_is_own = true;
}

void say(Level level, const char* format, ...) noexcept {
  char line[1024];
  int used = log_to_journal ? std::snprintf(line, sizeof line, "<%d>ringmasterd: ", static_cast<int>(level))
                            : std::snprintf(line, sizeof line, "ringmasterd: ");
  va_list args;
  va_start(args, format);
  used += std::vsnprintf(line + used, sizeof line - static_cast<std::size_t>(used), format, args);
  va_end(args);
  const std::size_t size = std::min(static_cast<std::size_t>(used), sizeof line - 2) + 1;
  line[size - 1] = '\n';
  if (log_is_socket) {
    ::send(log_fd, line, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  if (!log_is_own) {
    pollfd room{log_fd, POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return;
  }
  [[maybe_unused]] const ssize_t written = ::write(log_fd, line, size);
}

}  // namespace ringmaster::keeper
