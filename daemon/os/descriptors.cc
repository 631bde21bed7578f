#include "daemon/os/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>

namespace ringmaster::daemon {
namespace {

constexpr std::size_t kMostArranged = 64;

int close_numbers(unsigned first, unsigned last) {
  if (first > last) return 0;
  return ::syscall(SYS_close_range, first, last, 0u) == 0 ? 0 : errno;
}

}  // namespace

int arrange_descriptors(std::span<const int> fds, int& keep) noexcept {
  if (fds.size() > kMostArranged) return EINVAL;
  const int count = static_cast<int>(fds.size());
  // First moves all above the target numbers, so that no dup2 overwrites one that is still needed.
  std::array<int, kMostArranged> high{};
  for (std::size_t i = 0; i < fds.size(); ++i) {
    high[i] = ::fcntl(fds[i], F_DUPFD_CLOEXEC, count);
    if (high[i] < 0) return errno;
  }
  const int kept = ::fcntl(keep, F_DUPFD_CLOEXEC, count);
  if (kept < 0) return errno;
  keep = kept;
  for (int i = 0; i < count; ++i) {
    if (::dup2(high[static_cast<std::size_t>(i)], i) < 0) return errno;
  }
  if (const int error = close_numbers(static_cast<unsigned>(count), static_cast<unsigned>(keep) - 1); error != 0) {
    return error;
  }
  return close_numbers(static_cast<unsigned>(keep) + 1, UINT_MAX);
}

UniqueFd duplicate_above(int fd, int lowest) noexcept { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, lowest)); }

int set_close_on_exec(int fd, bool on) noexcept { return ::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == 0 ? 0 : errno; }

}  // namespace ringmaster::daemon
