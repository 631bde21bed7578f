#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <span>

#include "daemon/os/child/spawn_stage.h"

namespace ringmaster::daemon {

/// What a forked child does between fork and exec, complete: no field is taken from the parent's own state. Nothing is
/// owned; everything pointed to must live until exec.
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
  bool set_identity = false;  ///< uid, gid; supplementary groups dropped; for another user than ours also exec_guard.h
  uid_t uid = 0;
  gid_t gid = 0;
  bool set_nice = false;
  int nice = 0;
  int oom_score_adj = 0;
  int cgroup_fd = -1;  ///< entered unless -1 (the child was not born in it)
  pid_t parent = 0;    ///< who must still be the parent once the death signal is asked for
};

/// Runs in the child; never returns. On failure writes one SpawnFailure to `error_pipe` (CLOEXEC) and exits with 127.
/// Async-signal-safe. The order is part of the contract: what needs privilege first, then groups, gid and uid, and
/// PR_SET_PDEATHSIG only after them, because a change of uid clears it; getppid then tells whether the parent died
/// before.
[[noreturn]] void run_child_program(const ChildProgram& program, int error_pipe) noexcept;

}  // namespace ringmaster::daemon
