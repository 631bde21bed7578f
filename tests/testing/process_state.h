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

/// Whether process `pid` still runs: false once it is gone, and false for one that is dead and was not waited for.
/// kill(pid, 0) cannot tell: it finds the dead too, for ever where process 1 reaps nobody (many containers).
[[nodiscard]] inline bool is_running(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[512] = {};
  if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) return false;
  const char* const state = std::strrchr(text, ')');  // the name before it may hold anything
  return state != nullptr && state[2] != 'Z' && state[2] != 'X';
}

/// Whether somebody has waited for process `pid`: for a test of who has to.
[[nodiscard]] inline bool was_reaped(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace ringmaster
