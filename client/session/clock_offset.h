#pragma once

#include <chrono>
#include <cstdint>

namespace ringmaster::client {

/// CLOCK_MONOTONIC of this process. It differs from the daemon's if the two are in different time namespaces (a
/// container that was moved between machines, `unshare -T`).
[[nodiscard]] inline std::uint64_t client_clock_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

/// What to add to our clock to get the daemon's, which read `daemon_ns` between our readings `before` and `after`. 0:
/// it is the same clock, or the time that the request took explains the difference, or the daemon does not tell (0).
/// Otherwise computed from `after`, so that a job submitted now is never in the daemon's future.
[[nodiscard]] constexpr std::int64_t clock_offset(std::uint64_t before_ns, std::uint64_t daemon_ns,
                                                  std::uint64_t after_ns) noexcept {
  if (daemon_ns == 0 || (before_ns <= daemon_ns && daemon_ns <= after_ns)) return 0;
  return static_cast<std::int64_t>(daemon_ns - after_ns);
}

}  // namespace ringmaster::client
