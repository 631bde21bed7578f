#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace ringmaster::daemon {

/// Orphaned descendants of this process become its children instead of init's. Inherited by no one. 0 or an errno.
[[nodiscard]] int become_subreaper() noexcept;

/// Writes the pids of this process's children (dead ones not yet reaped included) to `out` and returns how many there
/// are, which may be more than fit. -1 with errno set where /proc cannot be read.
/// REQUIRES: a single-threaded caller (a thread's own children only are listed).
[[nodiscard]] ssize_t list_children(std::span<pid_t> out) noexcept;

}  // namespace ringmaster::daemon
