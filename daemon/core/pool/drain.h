#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How a pool, or the whole daemon, stops taking work and ends. One value per pool and one for the daemon.
///
///   Running ⇄ Draining ⇄ Drained      (drain: what is queued and running still ends as it would have)
///      └──────────┴─────────┴──stop──▶ Stopping ──deadline──▶ Killing ──workers gone──▶ Stopped
///                                         └────────────────── workers gone ────────────▲
///
/// Stop: no new jobs, the queued ones end as lost at once, running ones have until the deadline, then the kill ladder.
class Drain {
 public:
  enum class State : std::uint8_t { Running, Draining, Drained, Stopping, Killing, Stopped };

  struct DrainRequested {};
  struct ResumeRequested {};
  struct StopRequested {
    Duration timeout;  ///< for running jobs
  };
  struct BecameIdle {};   ///< nothing is queued or running (may be repeated)
  struct WorkersGone {};  ///< every worker is fenced
  struct TimerFired {};   ///< `deadline()` has passed (harmless when it has not)
  using Event = std::variant<DrainRequested, ResumeRequested, StopRequested, BecameIdle, WorkersGone, TimerFired>;

  enum class Effect : std::uint8_t {
    RefuseJobs,  ///< answer new jobs with "draining" or "stopping"
    AcceptJobs,
    ReportDrained,     ///< tell those who asked for the drain
    LoseQueued,        ///< every queued job ends as lost
    AskWorkersToStop,  ///< each leaves after its current job
    KillRunning,       ///< CancelRequested{Shutdown} to every ladder
    ReportStopped,
  };

  [[nodiscard]] std::vector<Effect> handle(TimePoint now, const Event& event);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool accepts_jobs() const noexcept { return state_ == State::Running; }
  [[nodiscard]] bool stopping() const noexcept { return state_ >= State::Stopping; }
  /// When Stopping turns into Killing; nullopt in every other state.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }

 private:
  State state_ = State::Running;
  std::optional<TimePoint> deadline_;
};

[[nodiscard]] const char* to_string(Drain::State state);

}  // namespace ringmaster::core
