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
  /// Unproductive deaths within `window` that a pool survives without quarantine, and that a uid may cause without
  /// being refused.
  unsigned budget = 20;
  Duration window = std::chrono::seconds{60};
  Duration probe_initial = std::chrono::seconds{1};  ///< from quarantine to the first canary
  Duration probe_max = std::chrono::seconds{60};
  Duration stable = std::chrono::seconds{10};  ///< ready for so long counts as proof where no job arrives

  friend bool operator==(const RestartConfig&, const RestartConfig&) = default;
};

/// When the seats of one pool may start again after a death.
///
/// Only deaths that judge the pool count: before ready, before the first job, or long after the last (blame(),
/// charge_sheet.h). What a job did is charged to its uid and not to the pool, unless such jobs of three uids in a row
/// end their workers: then it is the handler. "In a row": no worker finished a job in between. A worker that finished a
/// job, or was ended by us (clean, recycled, cancelled, shutdown), starts again at once and clears its seat's streak;
/// after one that a uid's job ended before it finished any, the pause stays at backoff_initial.
/// The first unproductive death of a seat also restarts at once (a stray signal must not cost a pause); from the
/// second in a row on the delay is backoff_initial × 2^(n−2), at most backoff_max, of which the upper half is random.
/// Once a pool is proven, a worker that somebody outside killed (SIGKILL: hardly a program does that to itself) says
/// nothing about it: it does not count for the budget, and the pause after it stays at backoff_initial, so that who
/// kills in a loop makes no storm. Before that it counts as any other: a pool whose workers can only be killed must not
/// be started for ever. More than `budget` unproductive deaths within `window` quarantine the pool. A worker that
/// finishes its first job, or stays ready for `stable`, proves that the pool works: it clears the tally and ends a
/// quarantine. In quarantine living workers go on, dead seats stay empty but for one canary: first after probe_initial,
/// then at intervals that double up to probe_max. There is no state that never starts anything again.
class RestartPolicy {
 public:
  enum class State : std::uint8_t {
    Trusted,      ///< dead seats restart by themselves
    Quarantined,  ///< nothing starts before the next probe is due
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
    std::optional<Uid> charged = std::nullopt;  ///< whose job it died of; nullopt: the death judges the pool
  };
  struct Started {  ///< a process was started in the seat; while ProbeDue this makes it the canary
    SeatNumber seat;
  };
  struct BecameReady {
    SeatNumber seat;
  };
  struct FinishedFirstJob {
    SeatNumber seat;
  };
  struct TimerFired {};  ///< `next_timer()` has passed (harmless when it has not)
  using Event = std::variant<Died, Started, BecameReady, FinishedFirstJob, TimerFired>;

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
    TimePoint probe_at;  ///< the next one
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

  /// When this seat may start: a past time is "now"; nullopt while quarantine forbids it.
  [[nodiscard]] std::optional<TimePoint> may_start_at(SeatNumber seat) const;
  /// When TimerFired should be told; nullopt: no need.
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
  TimePoint schedule_probe(TimePoint now);
  Duration backoff(unsigned streak);
  SeatRecord& record(SeatNumber seat);

  RestartConfig config_;
  Random random_;
  State state_ = State::Trusted;
  std::vector<SeatRecord> seats_;
  bool proven_ = false;           ///< since the last quarantine
  std::deque<TimePoint> deaths_;  ///< unproductive ones within the window, oldest first
  std::vector<Uid> row_;          ///< uids whose jobs ended workers since the last proof; three are enough
  unsigned probes_ = 0;           ///< in this quarantine
  TimePoint probe_at_{};
  std::optional<SeatNumber> canary_;
  std::string reason_;
};

}  // namespace ringmaster::core
