#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace ringmaster {

/// The state letter of a process, or of a thread by its own id, as in /proc; 0: it is gone.
[[nodiscard]] inline char state_letter(pid_t id) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", id);
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[512] = {};
  if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) return 0;
  const char* const name_end = std::strrchr(text, ')');  // the name before it may hold anything
  return name_end != nullptr ? name_end[2] : '\0';
}

/// Whether process `pid` still runs: false once it is gone, and false for one that is dead and was not waited for.
/// kill(pid, 0) cannot tell: it finds the dead too, for ever where process 1 reaps nobody (many containers).
[[nodiscard]] inline bool is_running(pid_t pid) {
  const char state = state_letter(pid);
  return state != 0 && state != 'Z' && state != 'X';
}

/// Whether a process, or a thread by its own id, waits for something.
[[nodiscard]] inline bool is_asleep(pid_t id) { return state_letter(id) == 'S'; }

/// Whether somebody has waited for process `pid`: for a test of who has to.
[[nodiscard]] inline bool was_reaped(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace ringmaster
