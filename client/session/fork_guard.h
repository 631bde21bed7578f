#pragma once

#include <atomic>
#include <cstdint>

namespace ringmaster::client {
namespace fork_detail {
extern std::atomic<std::uint32_t> generation;
}

/// The number of forks between this process and the one that called this first. A session remembers it and refuses
/// calls once it differs: one relaxed load instead of a getpid system call for every job.
[[nodiscard]] inline std::uint32_t fork_generation() noexcept {
  return fork_detail::generation.load(std::memory_order_relaxed);
}

/// From now on `fd` is closed in every forked child, so that a child without exec does not keep a pipe open whose
/// closing tells that its owner died. Call forget_in_children() before `fd` is closed here.
void close_in_children(int fd);
void forget_in_children(int fd) noexcept;

}  // namespace ringmaster::client
