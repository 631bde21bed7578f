#pragma once

#include <initializer_list>

#include "base/unique_fd.h"

namespace ringmaster::daemon {

/// Every signal to its default and none blocked: what a program expects at its start. Async-signal-safe. 0 or an errno.
[[nodiscard]] int reset_signals() noexcept;

/// A signal that a program's own mistake raises (SIGSEGV, SIGABRT, …).
[[nodiscard]] bool is_fault_signal(int signal) noexcept;

/// Ignores every signal that would end or stop this process, but faults, those in `but`, and SIGKILL and SIGSTOP, which
/// nobody can. Ignored stays ignored across exec. Async-signal-safe.
void ignore_signals(std::initializer_list<int> but = {}) noexcept;

/// A fault signal that another process sent ends this one as SIGKILL would, so that nobody takes it for a fault of its
/// own; a real fault goes on to what stood before (the default, or a sanitizer's handler).
void die_by_foreign_faults_as_by_kill() noexcept;

/// Blocks `signals` in this thread and gives a non-blocking CLOEXEC descriptor that reads them as they come
/// (signalfd_siginfo each). Empty with errno set on failure.
[[nodiscard]] UniqueFd open_signalfd(std::initializer_list<int> signals) noexcept;

/// The next signal waiting at the descriptor, or 0.
[[nodiscard]] int read_signal(int signalfd) noexcept;

}  // namespace ringmaster::daemon
