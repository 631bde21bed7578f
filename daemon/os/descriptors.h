#pragma once

#include <span>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Makes `fds[i]` this process's descriptor i (kept through exec) and closes all others except `keep`, which stays
/// CLOEXEC and is updated if it gets another number. The numbers may overlap in any way. Async-signal-safe. 0 or an
/// errno.
[[nodiscard]] int arrange_descriptors(std::span<const int> fds, int& keep) noexcept;

/// A CLOEXEC duplicate with a number of at least `lowest`; empty with errno set on failure.
[[nodiscard]] UniqueFd duplicate_above(int fd, int lowest) noexcept;

/// Sets or clears close-on-exec. 0 or an errno.
[[nodiscard]] int set_close_on_exec(int fd, bool on) noexcept;

}  // namespace ringmaster::daemon
