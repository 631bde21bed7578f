#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/core/pool/pool_plan.h"
#include "daemon/core/pool/restart_policy.h"
#include "daemon/core/pool/scaling.h"

namespace ringmaster::core::testing {

inline constexpr TimePoint kBegin{std::chrono::hours{1}};
inline constexpr Duration kStep = std::chrono::milliseconds{10};

/// A pool's decisions over simulated time, put together as Staffing does it, with workers that are numbers. Jobs lie in
/// one queue, each takes as long as the others.
class SimulatedPool {
 public:
  struct Ways {
    WorkerRange range;
    unsigned spares = 0;
    Duration idle_timeout = std::chrono::seconds{30};
    RestartConfig restart = {};
    Duration start = std::chrono::milliseconds{300};
    Duration job = std::chrono::milliseconds{30};
    std::uint64_t max_jobs = 0;  ///< then a worker leaves, as it does by itself
    bool crashes = false;        ///< each job ends its worker
    std::function<bool(TimePoint)> starts = [](TimePoint) { return true; };  ///< else it dies at once
  };

  explicit SimulatedPool(Ways ways)
      : ways_(std::move(ways)),
        workers_(ways_.range.max + ways_.spares),
        policy_(ways_.restart, workers_.size(), [] { return 1.0; }),
        scaling_(ways_.range, ways_.idle_timeout) {
    apply();
  }

  void submit(unsigned jobs) { queue_.insert(queue_.end(), jobs, now); }
  void resize(WorkerRange range) {
    scaling_.set_range(now, range);
    apply();
  }
  void pass(Duration time) {
    for (const TimePoint end = now + time; now < end;) step();
  }
  /// False: not within `most`.
  template <typename Condition>
  bool pass_until(Duration most, const Condition& condition) {
    for (const TimePoint end = now + most; now < end && !condition();) step();
    return condition();
  }

  [[nodiscard]] unsigned wanted() const { return scaling_.wanted(); }
  [[nodiscard]] bool quarantined() const { return policy_.quarantined(); }
  [[nodiscard]] bool done() const { return queue_.empty() && busy() == 0; }
  TimePoint now = kBegin;
  std::vector<TimePoint> starts;      ///< of processes
  std::vector<TimePoint> stops;       ///< of workers that were one too many
  std::vector<unsigned> were_wanted;  ///< each number once it changed

 private:
  struct Worker {
    SeatView view;
    TimePoint due{};  ///< it is ready, or has finished its job
    bool fails = false;
  };

  [[nodiscard]] unsigned busy() const {
    return static_cast<unsigned>(std::ranges::count_if(workers_, [](const Worker& one) { return one.view.busy; }));
  }
  void step();
  void live(Worker& worker, SeatNumber seat);
  void die(SeatNumber seat, DeathKind kind);
  void look();
  void apply();
  void carry_out(const StartWorker& start);
  void carry_out(const PromoteSpare& spare);
  void carry_out(const RecycleWorker& recycle);
  void carry_out(const StopWorker& stop);
  void tell(const RestartPolicy::Event& event) { (void)policy_.handle(now, event); }  // its state says what follows

  Ways ways_;
  std::vector<Worker> workers_;
  RestartPolicy policy_;
  Scaling scaling_;
  std::deque<TimePoint> queue_;
};

}  // namespace ringmaster::core::testing
