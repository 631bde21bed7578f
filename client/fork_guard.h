#pragma once

#include <cstdint>

namespace ringmaster {

/// Counts the forks that this process descends from, since the first call in its line. A session remembers the number
/// and refuses once it differs: one relaxed load instead of a getpid system call on every job.
[[nodiscard]] std::uint32_t fork_generation() noexcept;

}  // namespace ringmaster
