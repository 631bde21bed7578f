#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// A cgroup v2, by an O_DIRECTORY descriptor of it. Functions give 0 or an errno unless they say otherwise; a group
/// that was removed meanwhile is ENOENT or ENODEV.

/// SIGKILL to every process in it, those being forked included (Linux 5.14).
[[nodiscard]] int kill_cgroup(int directory) noexcept;

/// 0: no process is left in it; EBUSY: some are; else the reason why it cannot be told.
[[nodiscard]] int cgroup_empty(int directory) noexcept;

/// Moves the calling process into it. Async-signal-safe.
[[nodiscard]] int enter_cgroup(int directory) noexcept;

/// Makes the group `name` below `parent` anew, so that no count of an earlier one is in it, and opens it. EBUSY: one is
/// there with processes in it.
[[nodiscard]] int make_cgroup(int parent, const char* name, UniqueFd& made) noexcept;

/// Removes the empty group `name` below `parent`. EBUSY: it is not empty.
[[nodiscard]] int remove_cgroup(int parent, const char* name) noexcept;

[[nodiscard]] int write_cgroup(int directory, const char* file, std::string_view text) noexcept;

/// The beginning of one of its files: how many bytes of `out` were written, or -1 with errno set.
[[nodiscard]] ssize_t read_cgroup(int directory, const char* file, std::span<char> out) noexcept;

/// Whether whoever manages the group gave it to this process: systemd says so by an extended attribute, others by
/// giving it to the user that this process runs as (root owns every group, so for root that says nothing). That it can
/// be written is no sign: root can write to everybody's.
[[nodiscard]] bool is_delegated(int directory) noexcept;

/// Whether the directory lies in a cgroup v2 hierarchy at all.
[[nodiscard]] bool is_cgroup(int directory) noexcept;

}  // namespace ringmaster::daemon
