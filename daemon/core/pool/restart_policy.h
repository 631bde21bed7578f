#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/types.h"
#include "daemon/core/worker/death.h"

namespace ringmaster::core {

struct RestartConfig {
  Duration backoff_initial = std::chrono::milliseconds{100};
  Duration backoff_max = std::chrono::seconds{10};
  /// How many unproductive deaths within `window` a pool may have without quarantine, and a uid may cause without being
  /// refused.
  unsigned budget = 20;
  Duration window = std::chrono::seconds{60};
  Duration probe_initial = std::chrono::seconds{1};  ///< from quarantine to the first test worker (canary)
  Duration probe_max = std::chrono::seconds{60};
  Duration stable = std::chrono::seconds{10};  ///< being ready for so long is proof too, if no job arrives

  friend bool operator==(const RestartConfig&, const RestartConfig&) = default;
};

/// Decides when the seats of one pool may start again after a death.
///
/// Which deaths count. Only those that are the pool's fault (unproductive): before ready, before the first job, or long
/// after the last (blame(), charge_sheet.h). Deaths in a job are charged to the job's uid, unless jobs of three uids in
/// a row end their workers, with no job finished in between: then the handler is to blame. Once a pool is proven, kills
/// from outside (SIGKILL) do not count; before that they do, because a pool whose workers only ever get killed must not
/// be started for ever.
///
/// Pauses. A worker that finished a job, or that we ended (clean, recycled, cancelled, shutdown), is replaced at once,
/// and so is the first unproductive death of a seat. From the second in a row on the pause is backoff_initial ×
/// 2^(n−2), at most backoff_max, and its upper half is random. After a kill from outside, or a death that is charged to
/// a uid, the pause stays at backoff_initial.
///
/// Quarantine. More than `budget` unproductive deaths within `window` quarantine the pool: living workers go on, but
/// dead seats stay empty, except for one canary after probe_initial, then at intervals that double up to probe_max. A
/// worker that finishes its first job, or stays ready for `stable`, proves that the pool works: it clears the tally and
/// ends the quarantine. So does a pool that, when a canary is due, has all the workers that it wants (by now), each of
/// them proven: a canary would be one too many. No state stops starting workers for ever.
class RestartPolicy {
 public:
  enum class State : std::uint8_t {
    Trusted,      ///< dead seats are started again
    Quarantined,  ///< nothing is started before the next probe is due
    ProbeDue,     ///< one canary should start now
    Probing,      ///< the canary is starting or ready, not yet proven
  };

  /// Uniform in [0, 1).
  using Random = std::function<double()>;

  struct Died {
    SeatNumber seat;
    DeathCause cause;
    bool was_ready;
    std::uint64_t jobs_finished;
    std::optional<Uid> charged = std::nullopt;  ///< the uid whose job it died over; nullopt: it counts against the pool
  };
  struct Started {  ///< a process was started in the seat; while ProbeDue it becomes the canary
    SeatNumber seat;
  };
  struct BecameReady {
    SeatNumber seat;
  };
  struct FinishedFirstJob {
    SeatNumber seat;
  };
  struct AllHere {};     ///< as many workers as are wanted are ready
  struct TimerFired {};  ///< `next_timer()` has passed (harmless when it has not)
  using Event = std::variant<Died, Started, BecameReady, FinishedFirstJob, AllHere, TimerFired>;

  struct RestartAt {
    SeatNumber seat;
    TimePoint at;
    friend bool operator==(const RestartAt&, const RestartAt&) = default;
  };
  struct EnterQuarantine {
    TimePoint probe_at;
    std::string reason;
    friend bool operator==(const EnterQuarantine&, const EnterQuarantine&) = default;
  };
  struct ProbeFailed {
    TimePoint probe_at;  ///< when the next canary is started
    friend bool operator==(const ProbeFailed&, const ProbeFailed&) = default;
  };
  struct StartCanary {
    friend bool operator==(const StartCanary&, const StartCanary&) = default;
  };
  struct LeaveQuarantine {  ///< every dead seat may start at once
    friend bool operator==(const LeaveQuarantine&, const LeaveQuarantine&) = default;
  };
  using Effect = std::variant<RestartAt, EnterQuarantine, ProbeFailed, StartCanary, LeaveQuarantine>;

  RestartPolicy(const RestartConfig& config, std::size_t seats, Random random);

  [[nodiscard]] std::vector<Effect> handle(TimePoint now, const Event& event);

  /// When this seat may start: a time in the past means now; nullopt while quarantine forbids it.
  [[nodiscard]] std::optional<TimePoint> may_start_at(SeatNumber seat) const;
  /// When TimerFired is due; nullopt: not needed.
  [[nodiscard]] std::optional<TimePoint> next_timer() const;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool quarantined() const noexcept { return state_ != State::Trusted; }
  [[nodiscard]] std::optional<SeatNumber> canary() const noexcept { return canary_; }
  [[nodiscard]] const std::string& quarantine_reason() const noexcept { return reason_; }
  [[nodiscard]] std::size_t recent_unproductive_deaths() const noexcept { return deaths_.size(); }

 private:
  struct SeatRecord {
    unsigned streak = 0;  ///< unproductive deaths in a row
    TimePoint may_start = TimePoint::min();
    std::optional<TimePoint> ready_since;  ///< ready and not yet proven
  };

  std::vector<Effect> on_death(TimePoint now, const Died& died);
  [[nodiscard]] bool judges_pool(const Died& died);
  std::vector<Effect> on_timer(TimePoint now);
  std::vector<Effect> on_proof(SeatNumber seat);
  std::vector<Effect> on_all_here();
  std::vector<Effect> trust();
  TimePoint schedule_probe(TimePoint now);
  Duration backoff(unsigned streak);
  SeatRecord& record(SeatNumber seat);

  RestartConfig config_;
  Random random_;
  State state_ = State::Trusted;
  std::vector<SeatRecord> seats_;
  bool proven_ = false;           ///< the pool has proven itself since the last quarantine
  std::deque<TimePoint> deaths_;  ///< unproductive ones within the window, oldest first
  std::vector<Uid> row_;          ///< uids whose jobs ended workers since the last proof; at most three are needed
  unsigned probes_ = 0;           ///< in this quarantine
  TimePoint probe_at_{};
  std::optional<SeatNumber> canary_;
  std::string reason_;
};

}  // namespace ringmaster::core
