#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A cgroup v2, by an O_DIRECTORY descriptor. Functions return 0 or an errno unless they say otherwise; for a group
/// that was removed meanwhile ENOENT or ENODEV.

/// Sends SIGKILL to every process in it, including those being forked (Linux 5.14).
[[nodiscard]] int kill_cgroup(int directory) noexcept;

/// 0: no process is left in it; EBUSY: some are; another errno: it cannot be found out.
[[nodiscard]] int cgroup_empty(int directory) noexcept;

/// Moves the calling process into it. Async-signal-safe.
[[nodiscard]] int enter_cgroup(int directory) noexcept;

/// Makes and opens the group `name` below `parent`. An existing one is removed first, so that it has no old counts;
/// EBUSY: it has processes.
[[nodiscard]] int make_cgroup(int parent, const char* name, UniqueFd& made) noexcept;

/// Removes the empty group `name` below `parent`. EBUSY: it is not empty.
[[nodiscard]] int remove_cgroup(int parent, const char* name) noexcept;

[[nodiscard]] int write_cgroup(int directory, const char* file, std::string_view text) noexcept;

/// Reads the beginning of one of its files: returns the number of bytes written to `out`, or -1 with errno set.
[[nodiscard]] ssize_t read_cgroup(int directory, const char* file, std::span<char> out) noexcept;

/// True if the group was delegated to this process: systemd marks that by an extended attribute, other managers by
/// making this process's user its owner (which proves nothing for root, who owns every group). Being able to write to
/// it proves nothing, because root can write to every group.
[[nodiscard]] bool is_delegated(int directory) noexcept;

/// True if the directory is in a cgroup v2 hierarchy.
[[nodiscard]] bool is_cgroup(int directory) noexcept;

}  // namespace ringmaster::daemon
