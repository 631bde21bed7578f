#pragma once

namespace ringmaster {

/// A delegated cgroup v2 leaf, by an O_DIRECTORY descriptor of it. Functions give 0 or an errno.

/// SIGKILL to every process in it, those being forked included (Linux 5.14).
[[nodiscard]] int kill_cgroup(int directory) noexcept;

/// 0: no process is left in it; EBUSY: some are; else the reason why it cannot be told.
[[nodiscard]] int cgroup_empty(int directory) noexcept;

/// Moves the calling process into it. Async-signal-safe.
[[nodiscard]] int enter_cgroup(int directory) noexcept;

}  // namespace ringmaster
