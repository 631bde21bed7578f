#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

/// For programs that are started without some of the descriptors 0 to 2. Header only, because the keeper uses it too.
namespace ringmaster {

/// What replaces a standard descriptor that is closed.
enum class StandIn {
  Quiet,   ///< /dev/null: reads end at once, what is written vanishes. For servers
  Refuses  ///< the same, opened the wrong way round: reads and writes fail with EBADF. For commands, which must know
};

/// Opens those of 0 to 2 that are closed. Call it first of all: otherwise the next file or socket gets such a number,
/// and what the program prints goes there. Allocates nothing.
inline void fill_standard_descriptors(StandIn stand_in) noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    const int wrong_way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    // open() takes the lowest free number, which is this one.
    static_cast<void>(::open("/dev/null", stand_in == StandIn::Quiet ? O_RDWR : wrong_way));
  }
}

/// Moves `fd` above 2 if it got the number of a closed standard descriptor. For libraries, which are called too late
/// for fill_standard_descriptors(). Invalid, with errno set, if no number is left.
[[nodiscard]] inline UniqueFd above_standard(UniqueFd fd) noexcept {
  if (fd.get() < STDIN_FILENO || fd.get() > STDERR_FILENO) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace ringmaster
