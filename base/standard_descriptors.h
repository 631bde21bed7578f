#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

/// The descriptors 0 to 2 of a program that was started without some of them. Header only: the keeper uses it too.
namespace ringmaster {

/// What takes the place of a standard descriptor that is closed.
enum class StandIn {
  Quiet,   ///< /dev/null: reads end at once, what is written vanishes. For servers
  Refuses  ///< the same, opened the wrong way round: reads and writes fail with EBADF. For commands, which must know
};

/// Opens those of 0 to 2 that are closed. To be called before anything else: the next file or socket would get the
/// number, and whatever is printed would go there. Allocates nothing.
inline void fill_standard_descriptors(StandIn stand_in) noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    const int wrong_way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    // Takes the lowest free number, which is this one.
    static_cast<void>(::open("/dev/null", stand_in == StandIn::Quiet ? O_RDWR : wrong_way));
  }
}

/// `fd`, moved above 2 if it got the number of a standard descriptor that the program runs without. For libraries,
/// which come too late for the above. Invalid with errno set where no number is left.
[[nodiscard]] inline UniqueFd above_standard(UniqueFd fd) noexcept {
  if (fd.get() < STDIN_FILENO || fd.get() > STDERR_FILENO) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace ringmaster
