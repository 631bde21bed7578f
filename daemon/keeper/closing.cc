#include "daemon/keeper/closing.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "daemon/os/child/fork_child.h"

namespace ringmaster::keeper {
namespace {

// Closes all but `kept`, so that a stuck child keeps no other session's memory and no lifeline.
void close_all_but(std::span<int> kept) {
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) ::syscall(SYS_close_range, next, number - 1, 0u);
    next = number + 1;
  }
  ::syscall(SYS_close_range, next, UINT_MAX, 0u);
}

[[noreturn]] void end_with(std::span<int> kept, int go) {
  ::prctl(PR_SET_NAME, "rm:closing", 0, 0, 0);
  close_all_but(kept);
  char none = 0;
  while (::read(go, &none, 1) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace

int close_in_child(std::span<UniqueFd> fds, Bystanders& bystanders) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  const UniqueFd go(ends[0]);
  const UniqueFd hold(ends[1]);
  const daemon::ForkedChild child = daemon::fork_child();
  if (child.pid == 0) {
    std::array<int, kMostClosedAtOnce + 1> kept{go.get()};
    std::ranges::transform(fds, kept.begin() + 1, &UniqueFd::get);
    end_with(std::span(kept).first(fds.size() + 1), go.get());
  }
  if (child.pid < 0) return child.error;
  static_cast<void>(bystanders.add(child.pid));
  for (UniqueFd& fd : fds) fd.reset();
  return 0;
}

}  // namespace ringmaster::keeper
