#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace ringmaster::daemon {

/// Orphaned descendants of this process become its children instead of init's. Children do not inherit this. 0 or an
/// errno.
[[nodiscard]] int become_subreaper() noexcept;

/// Writes the pids of this process's children, unreaped ones included, to `out` and returns how many there are, which
/// may be more than fit. -1 with errno set if /proc cannot be read. REQUIRES: a single-threaded caller, because only
/// the children of one thread are listed.
[[nodiscard]] ssize_t list_children(std::span<pid_t> out) noexcept;

}  // namespace ringmaster::daemon
