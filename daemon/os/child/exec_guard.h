#pragma once

namespace ringmaster::daemon {

/// exec makes a process traceable again for other processes of its user. One that traces it before it sets
/// PR_SET_DUMPABLE could read all that it gets later. So until then the process has a capability that others of that
/// user lack, which forbids them to trace it and to read its /proc files (ptrace(2), "Ptrace access mode checking"). A
/// nearly useless capability is chosen; the worker library drops it.

/// A capability of this process that can be used for that, or -1: it has none, so there is no guard. Async-signal-safe.
[[nodiscard]] int guard_capability() noexcept;

/// Call it before the change of user: forbids tracing, and makes sure that `capability` is kept. 0 or an errno.
/// Async-signal-safe.
[[nodiscard]] int prepare_guard(int capability) noexcept;
/// Call it after the change of user: keeps `capability` through exec and drops all others; set-uid programs and file
/// capabilities give no new rights (PR_SET_NO_NEW_PRIVS). 0 or an errno. Async-signal-safe.
[[nodiscard]] int set_guard(int capability) noexcept;

}  // namespace ringmaster::daemon
