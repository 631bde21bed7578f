#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <span>

#include "daemon/os/child/spawn_stage.h"

namespace ringmaster::daemon {

/// Everything that a forked child does between fork and exec. Owns nothing; all that it points to must live until exec.
struct ChildProgram {
  struct Limit {
    int resource = 0;
    rlimit value{};
  };
  const char* path = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  const char* cwd = nullptr;  ///< nullptr: unchanged
  std::span<const int> fds;   ///< become 0, 1, 2 …; every other descriptor is closed
  std::span<const Limit> limits;
  bool set_identity = false;  ///< sets uid, gid and groups; for another user than ours also uses exec_guard.h
  uid_t uid = 0;
  gid_t gid = 0;
  std::span<const gid_t> groups;  ///< supplementary, and no others; only root can set them
  bool set_nice = false;
  int nice = 0;
  int oom_score_adj = 0;
  int cgroup_fd = -1;  ///< the child enters it, unless -1 (it was created in it)
  pid_t parent = 0;    ///< must still be the parent after the death signal is requested
};

/// Runs in the child; never returns. On failure writes one SpawnFailure to `error_pipe` (CLOEXEC) and exits with 127.
/// Async-signal-safe. The order of steps matters: first those that need privileges, then groups, gid and uid, and only
/// then PR_SET_PDEATHSIG, because a change of uid clears it; getppid then tells whether the parent has already died.
[[noreturn]] void run_child_program(const ChildProgram& program, int error_pipe) noexcept;

}  // namespace ringmaster::daemon
