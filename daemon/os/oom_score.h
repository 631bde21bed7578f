#pragma once

namespace ringmaster::daemon {

/// Sets this process's oom_score_adj (-1000: never killed … 1000: killed first). Async-signal-safe. 0 or an errno;
/// EACCES if lowering it needs CAP_SYS_RESOURCE.
[[nodiscard]] int set_oom_score_adj(int value) noexcept;

/// The current value; `fallback` if it cannot be read.
[[nodiscard]] int oom_score_adj(int fallback) noexcept;

}  // namespace ringmaster::daemon
