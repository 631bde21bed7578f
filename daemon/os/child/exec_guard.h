#pragma once

namespace ringmaster::daemon {

/// exec makes a process traceable again for everybody of its user, and whoever traces it before its own
/// PR_SET_DUMPABLE reads all that it is given later. Until then a capability that others of that user do not have keeps
/// them out (ptrace(2), "Ptrace access mode checking"), and the files of /proc with them. One is taken that gives its
/// owner next to nothing; the worker library drops it.

/// A capability for that which this process holds, or -1: it has none of them, and the moment stays. Async-signal-safe.
[[nodiscard]] int guard_capability() noexcept;

/// Before the change of user: no longer traceable, and `capability` will be kept. 0 or an errno. Async-signal-safe.
[[nodiscard]] int prepare_guard(int capability) noexcept;
/// After it: `capability` is kept through exec and every other one dropped; no set-uid program or file capability gives
/// new rights (PR_SET_NO_NEW_PRIVS). 0 or an errno. Async-signal-safe.
[[nodiscard]] int set_guard(int capability) noexcept;

}  // namespace ringmaster::daemon
