#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/pool/drain.h"

namespace ringmaster::core {

/// Whether a pool takes new work, as its board tells clients.
enum class Admission : std::uint8_t {
  Open,
  Draining,     ///< no new jobs
  Stopping,     ///< no jobs at all
  Quarantined,  ///< no worker is there to take jobs
};
/// `hopeless`: the pool is quarantined and no worker is ready. When the single worker that is tried becomes ready the
/// pool opens again, although nothing is proven yet: it needs a job to prove itself.
[[nodiscard]] Admission admission(Drain::State drain, bool hopeless) noexcept;

/// A queued job of a pool that takes no new jobs.
struct QueuedJob {
  bool before_drain = false;  ///< by its session's drain_seq it was published before the drain began
  bool first_attempt = true;
};
/// True if the job ends as refused; false: the drain waits for it. `paused`: no job was left, so the workers were told
/// to claim nothing. A first attempt that appears after that is refused even if it claims to be older: only a crash can
/// make an older job queued again, and then it has an attempt behind it.
[[nodiscard]] bool refuses(Drain::State drain, bool hopeless, bool paused, const QueuedJob& job) noexcept;

/// Why a request is refused, in one sentence; empty: it is not. `unavailable`: no worker is ready, and none will be for
/// now; `last_death` tells why.
[[nodiscard]] std::string refusal(const std::string& pool, Drain::State drain, bool unavailable,
                                  const std::string& last_death);

}  // namespace ringmaster::core
