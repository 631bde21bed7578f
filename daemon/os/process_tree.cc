#include "daemon/os/process_tree.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

int become_subreaper() noexcept { return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

ssize_t list_children(std::span<pid_t> out) noexcept {
  const UniqueFd file(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!file) return -1;
  std::size_t count = 0;
  pid_t number = 0;
  bool in_number = false;
  char text[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), text, sizeof text);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    for (ssize_t i = 0; i < got; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
        in_number = true;
      } else if (in_number) {
        if (count < out.size()) out[count] = number;
        ++count;
        number = 0;
        in_number = false;
      }
    }
    if (got == 0) break;
  }
  return static_cast<ssize_t>(count);
}

}  // namespace ringmaster::daemon
