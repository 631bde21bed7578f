#pragma once

#include <initializer_list>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Sets every signal to its default and blocks none, as a program expects at its start. Async-signal-safe. 0 or an
/// errno.
[[nodiscard]] int reset_signals() noexcept;

/// True for signals that are raised by a program's own mistake (SIGSEGV, SIGABRT, …).
[[nodiscard]] bool is_fault_signal(int signal) noexcept;

/// Ignores every signal that would end or stop this process, except faults, those in `but`, and SIGKILL and SIGSTOP,
/// which cannot be ignored. They stay ignored through exec. Async-signal-safe.
void ignore_signals(std::initializer_list<int> but = {}) noexcept;

/// From now on a fault signal that another process sends ends this one by SIGKILL, so that it does not look like a
/// fault of its own; a real fault is left to the earlier handler (the default, or a sanitizer's).
void die_by_foreign_faults_as_by_kill() noexcept;

/// Blocks `signals` in this thread and returns a non-blocking CLOEXEC descriptor from which they can be read
/// (signalfd_siginfo each). Empty with errno set on failure.
[[nodiscard]] UniqueFd open_signalfd(std::initializer_list<int> signals) noexcept;

/// Reads the next signal from the descriptor; 0: none.
[[nodiscard]] int read_signal(int signalfd) noexcept;

}  // namespace ringmaster::daemon
