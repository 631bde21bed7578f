#pragma once

#include <chrono>
#include <cstdint>

namespace ringmaster::client {

/// CLOCK_MONOTONIC as this process has it: another one than the daemon's where the two live in different time
/// namespaces (a container that was moved between machines, `unshare -T`).
[[nodiscard]] inline std::uint64_t client_clock_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

/// What leads from our clock to the daemon's, who read `daemon_ns` between our readings before and after. 0: it is the
/// same clock, or a difference that the time of the question itself explains, or a daemon that does not say (0).
/// Else counted from `after`, so that what is submitted now never lies in the daemon's future; too much by the time of
/// the answer at most.
[[nodiscard]] constexpr std::int64_t clock_offset(std::uint64_t before_ns, std::uint64_t daemon_ns,
                                                  std::uint64_t after_ns) noexcept {
  if (daemon_ns == 0 || (before_ns <= daemon_ns && daemon_ns <= after_ns)) return 0;
  return static_cast<std::int64_t>(daemon_ns - after_ns);
}

}  // namespace ringmaster::client
