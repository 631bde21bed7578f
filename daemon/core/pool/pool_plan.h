#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// When a worker without problems is replaced. 0: never for this reason.
struct RecycleConfig {
  std::uint64_t max_jobs = 0;
  Bytes max_rss{};
  Duration max_age{};

  friend bool operator==(const RecycleConfig&, const RecycleConfig&) = default;
};

enum class SeatState : std::uint8_t {
  Empty,      ///< no process; may start at `not_before` (nullopt: not while quarantined)
  Starting,   ///< process runs, not ready yet
  Spare,      ///< ready, claims nothing yet
  Active,     ///< ready and claiming
  Leaving,    ///< told to leave after its current job
  Condemned,  ///< under a verdict or being killed; does no more work
};

struct SeatView {
  SeatState state = SeatState::Empty;
  std::optional<TimePoint> not_before = TimePoint::min();
  TimePoint started{};
  std::uint64_t jobs = 0;
  bool busy = false;  ///< it has a job
  Bytes rss{};
  std::optional<TimePoint> due_since{};  ///< there is a reason to recycle it, since then
};

enum class Quarantine : std::uint8_t {
  No,
  Closed,    ///< start nothing
  ProbeDue,  ///< start one worker as a test
};

struct PoolGoal {
  unsigned workers = 1;
  unsigned spares = 0;
  bool stopping = false;  ///< the pool or the daemon ends: every worker leaves, none starts
  Quarantine quarantine = Quarantine::No;
  RecycleConfig recycle{};
};

enum class RecycleReason : std::uint8_t { Jobs, Memory, Age };
[[nodiscard]] const char* to_string(RecycleReason reason);
[[nodiscard]] std::optional<RecycleReason> recycle_reason(TimePoint now, const RecycleConfig& config,
                                                          const SeatView& seat);
/// A worker that has been due for so long is recycled though others come and go.
inline constexpr Duration kRecyclePatience = std::chrono::seconds{30};

struct StartWorker {
  SeatNumber seat;
  friend bool operator==(const StartWorker&, const StartWorker&) = default;
};
struct PromoteSpare {
  SeatNumber seat;
  friend bool operator==(const PromoteSpare&, const PromoteSpare&) = default;
};
struct RecycleWorker {
  SeatNumber seat;
  RecycleReason reason;
  friend bool operator==(const RecycleWorker&, const RecycleWorker&) = default;
};
struct StopWorker {  ///< too many workers, or the pool ends: leave after the current job
  SeatNumber seat;
  friend bool operator==(const StopWorker&, const StopWorker&) = default;
};
using PoolEffect = std::variant<StartWorker, PromoteSpare, RecycleWorker, StopWorker>;

struct PoolPlan {
  std::vector<PoolEffect> effects;
  std::optional<TimePoint> look_again;  ///< time alone will change the plan then
  bool all_here = false;                ///< as many as are wanted are ready, and nothing is left to do but to recycle
};

/// What one pool needs now. Stateless: call it after every change and at `look_again`; effects of earlier calls must
/// show in `seats` (a started seat as Starting, a promoted one as Active, …).
///
/// - Every worker becomes ready as a spare; a spare is promoted whenever fewer than `workers` are active. So the moment
///   an active seat is condemned or drains, the spare takes its place, and the seat's next process is the new spare.
/// - At most workers + spares processes exist: a condemned worker keeps its seat until it is fenced.
/// - Each worker that is wanted keeps the pause after its death, however many other seats are free.
/// - Of workers that are too many, those without a job leave first.
/// - Recycling is staggered: one worker at a time, and only while nothing else is starting, leaving or condemned
///   and, where the pool has spares, a spare is ready to take over. Never in quarantine. In a pool where workers crash
///   all the time that moment might never come: who has been due for kRecyclePatience goes while no other leaves and at
///   least half of `workers`, and one, are active without it, one of whom was started since: where a program does not
///   start any more, its old workers stay.
[[nodiscard]] PoolPlan plan_pool(TimePoint now, const PoolGoal& goal, std::span<const SeatView> seats);

}  // namespace ringmaster::core
