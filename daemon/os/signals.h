#pragma once

#include <initializer_list>

#include "shm/base/unique_fd.h"

namespace ringmaster {

/// Every signal to its default and none blocked: what a program expects at its start. Async-signal-safe. 0 or an errno.
[[nodiscard]] int reset_signals() noexcept;

/// Blocks `signals` in this thread and gives a non-blocking CLOEXEC descriptor that reads them as they come
/// (signalfd_siginfo each). Empty with errno set on failure.
[[nodiscard]] UniqueFd open_signalfd(std::initializer_list<int> signals) noexcept;

/// The next signal waiting at the descriptor, or 0.
[[nodiscard]] int read_signal(int signalfd) noexcept;

}  // namespace ringmaster
