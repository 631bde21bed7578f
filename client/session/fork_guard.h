#pragma once

#include <atomic>
#include <cstdint>

namespace ringmaster::client {
namespace fork_detail {
extern std::atomic<std::uint32_t> generation;
}

/// Counts the forks that this process descends from, since the first call in its line. A session remembers the number
/// and refuses once it differs: one relaxed load instead of a getpid system call on every job.
[[nodiscard]] inline std::uint32_t fork_generation() noexcept {
  return fork_detail::generation.load(std::memory_order_relaxed);
}

/// The descriptor `fd` is closed in every child that is forked from now on: a child that runs on without exec must not
/// keep alive what hangs up when its owner dies. Until forget_in_children(), to be called before it is closed here.
void close_in_children(int fd);
void forget_in_children(int fd) noexcept;

}  // namespace ringmaster::client
