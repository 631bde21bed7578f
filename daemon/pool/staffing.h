#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/core/pool/availability.h"
#include "daemon/core/pool/pool_plan.h"
#include "daemon/core/pool/queue_gauge.h"
#include "daemon/core/pool/restart_policy.h"
#include "daemon/core/pool/scaling.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/seat_orders.h"

namespace ringmaster::daemon {

/// How many workers a pool has, which are spares, and when one may be started again. Scaling, plan_pool, RestartPolicy
/// and Availability decide; this tells them what happened and acts in the round. Owned by the pool, on its thread.
class Staffing {
 public:
  struct Rooms {
    std::vector<Seat>& seats;
    HandlerCatalog& handlers;
    SeatOrders& orders;
  };
  struct Ports {
    std::function<void(core::SeatNumber)> start;  ///< puts a process into an empty seat, or calls no_start()
    std::function<core::Bytes(std::int32_t pid)> resident;
    core::RestartPolicy::Random random;
  };

  /// REQUIRES: `config` and the rooms outlive this.
  Staffing(const config::PoolConfig& config, const Rooms& rooms, Ports ports);

  // Events:
  void became_ready(core::SeatNumber seat, core::TimePoint now);
  void died(const core::RestartPolicy::Died& died, bool orphan, core::TimePoint now);
  void no_start(core::SeatNumber seat, core::TimePoint now);
  /// A process of this supervisor's was ready so long after its start.
  void took_to_start(core::Duration took) { scaling_.started(took); }
  void start_timed_out() { available(core::Availability::Event::StartTimedOut); }
  /// Looks for workers that have finished their first job, including one that has died.
  void look_for_first_jobs(core::TimePoint now);
  void finished_first_job(Seat& seat, core::SeatNumber index, core::TimePoint now);

  /// How many workers to have from now on, without spares; at first as configured. REQUIRES: enough seats.
  void set_range(core::WorkerRange range, core::TimePoint now) { scaling_.set_range(now, range); }
  [[nodiscard]] core::WorkerRange range() const { return scaling_.range(); }
  /// A predecessor's workers are here: goes on with as many as are at work.
  void take_over(core::TimePoint now);
  /// Once the queues were looked at. `awake`: some worker may work.
  void look(core::TimePoint now, const core::QueueGauge& queue, bool awake);
  [[nodiscard]] unsigned workers_wanted() const { return scaling_.wanted(); }

  /// Starts, promotes and recycles workers until nothing is left to do. `stopping`: all workers leave; `paused`: a
  /// promoted worker must not claim jobs yet.
  void apply(core::TimePoint now, bool stopping, bool paused);

  [[nodiscard]] const core::Availability& availability() const { return availability_; }
  [[nodiscard]] const core::RestartPolicy& policy() const { return policy_; }
  /// True: no worker is ready, and in quarantine only a single one is tried now and then.
  [[nodiscard]] bool no_worker_will_come() const { return policy_.quarantined() && none_ready(rooms_.seats); }
  [[nodiscard]] std::optional<core::TimePoint> next_deadline() const;

 private:
  void available(core::Availability::Event event);
  void on_policy(const std::vector<core::RestartPolicy::Effect>& effects);
  void carry_out(const core::PoolEffect& effect, bool paused, core::TimePoint now);
  [[nodiscard]] core::Quarantine quarantine() const;
  [[nodiscard]] std::vector<core::SeatView> views(core::TimePoint now);

  const config::PoolConfig& config_;
  Rooms rooms_;
  Ports ports_;
  core::Availability availability_;
  core::RestartPolicy policy_;
  core::Scaling scaling_;
  std::optional<core::TimePoint> plan_again_;
};

}  // namespace ringmaster::daemon
