#include "shm/port/doorbell.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "shm/segment_view.h"

namespace ringmaster::shm {
namespace {

// One read empties the pipe of a page that we create; a client may have enlarged it.
constexpr int kMostReads = 4;

bool write_one(int bell) noexcept {
  const char one = 0;
  ssize_t rc = 0;
  do {
    rc = ::write(bell, &one, sizeof one);
  } while (rc < 0 && errno == EINTR);
  return rc == sizeof one;
}

void empty(int bell) noexcept {
  std::array<char, kPageBytes> rung;
  for (int i = 0; i < kMostReads; ++i) {
    if (::read(bell, rung.data(), rung.size()) < static_cast<ssize_t>(rung.size())) return;
  }
}

}  // namespace

Result<UniqueFd> create_doorbell() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("cannot create a pipe for a bell", errno);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  // One page is enough, and a uid may have only few pages in pipes. If this fails, the pipe keeps its size.
  (void)::fcntl(reading.get(), F_SETPIPE_SZ, static_cast<int>(kPageBytes));
  // Anyone who holds an end may open another one: so do workers of a pool that runs as a user of its own.
  if (::fchmod(reading.get(), 0666) != 0) return errno_error("cannot set the mode of a bell", errno);
  return open_doorbell_anew(reading.get());
}

Result<UniqueFd> open_doorbell_anew(int bell) {
  const std::string path = "/proc/self/fd/" + std::to_string(bell);
  // For reading too: the ringer empties a full pipe, and a pipe with a reader raises no SIGPIPE.
  UniqueFd end(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!end) return errno_error("cannot open a bell anew through " + path + " (is /proc mounted?)", errno);
  return end;
}

bool ring_doorbell(int bell) noexcept {
  if (write_one(bell)) return true;
  if (errno != EAGAIN) return false;
  empty(bell);
  return write_one(bell) || errno == EAGAIN;
}

}  // namespace ringmaster::shm
