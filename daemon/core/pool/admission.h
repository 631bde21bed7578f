#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/pool/drain.h"

namespace ringmaster::core {

/// What a pool does with work that comes, as its board tells clients.
enum class Admission : std::uint8_t {
  Open,
  Draining,     ///< no new jobs
  Stopping,     ///< no jobs at all
  Quarantined,  ///< nobody is there to take any
};
/// `hopeless`: the pool is quarantined and no worker is ready. A canary that gets ready opens the pool again, before it
/// has proven itself: somebody must give it a job.
[[nodiscard]] Admission admission(Drain::State drain, bool hopeless) noexcept;

/// A job that lies in its queue while its pool takes no new ones.
struct QueuedJob {
  bool before_drain = false;  ///< its session says so: it was published before the drain began
  bool first_attempt = true;
};
/// Whether it ends as refused, rather than being waited for. `paused`: the workers were told to claim nothing more,
/// because nothing was left. A job that claims to be older and was not there then is refused too: only a crash makes
/// such a one ready again, and then it has an attempt behind it.
[[nodiscard]] bool refuses(Drain::State drain, bool hopeless, bool paused, const QueuedJob& job) noexcept;

/// Why a request is refused, in one sentence; empty: it is welcome. `last_death`: of its workers, where none is ready
/// and none will be for now (`unavailable`).
[[nodiscard]] std::string refusal(const std::string& pool, Drain::State drain, bool unavailable,
                                  const std::string& last_death);

}  // namespace ringmaster::core
