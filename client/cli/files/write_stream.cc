#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "client/cli/console/interrupt.h"
#include "client/cli/files/result_writer.h"

namespace ringmaster::cli {
namespace {

// Waits until `fd` takes bytes. An interrupt ends only the wait: what can be written is written.
Result<void> await_room(int fd, const std::string& name) {
  constexpr int kSliceMs = 100;
  for (;;) {
    pollfd look{fd, POLLOUT, 0};
    const int rc = ::poll(&look, 1, kSliceMs);
    if (rc > 0) return {};
    if (rc < 0 && errno != EINTR) return errno_error("cannot wait for \"" + name + "\"", errno);
    if (interrupted()) return Error{"interrupted while writing \"" + name + "\"", EINTR};
  }
}

}  // namespace

Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::string& name) {
  // A pipe that poll() calls writable takes this much without blocking; a larger write could block and miss an
  // interrupt.
  constexpr std::size_t kPipePiece = 4096;
  struct stat facts {};
  const bool regular = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  while (!bytes.empty()) {
    if (!regular) {
      if (auto ready = await_room(fd, name); !ready) return ready;
    }
    const ssize_t rc = ::write(fd, bytes.data(), regular ? bytes.size() : std::min(bytes.size(), kPipePiece));
    if (rc < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (rc < 0) return errno_error("cannot write \"" + name + "\"", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(rc));
  }
  return {};
}

Result<void> check_standard_output() {
  const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return {};
  return Error{"standard output is closed: there is nowhere to write to", EBADF};
}

}  // namespace ringmaster::cli
