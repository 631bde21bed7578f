#include "shm/doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace ringmaster {

Result<UniqueFd> create_doorbell() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return errno_error("cannot create an eventfd", errno);
  return fd;
}

bool ring_doorbell(int fd) noexcept {
  const std::uint64_t one = 1;
  ssize_t rc = 0;
  do {
    rc = ::write(fd, &one, sizeof one);
  } while (rc < 0 && errno == EINTR);
  return rc == sizeof one;
}

}  // namespace ringmaster
