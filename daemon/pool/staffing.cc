#include "daemon/pool/staffing.h"

#include <algorithm>

#include "base/overloaded.h"
#include "daemon/log/log.h"

namespace ringmaster::daemon {

Staffing::Staffing(const config::PoolConfig& config, const Rooms& rooms, Ports ports)
    : config_(config),
      rooms_(rooms),
      ports_(std::move(ports)),
      availability_(config::range_of(config).min + config.spares),
      policy_(config.restart, rooms.seats.size(), ports_.random),
      scaling_(config::range_of(config), config.idle_timeout, config.grow_after) {}

void Staffing::became_ready(core::SeatNumber seat, core::TimePoint now) {
  available(core::Availability::Event::BecameReady);
  on_policy(policy_.handle(now, core::RestartPolicy::BecameReady{seat}));
}

void Staffing::died(const core::RestartPolicy::Died& died, bool orphan, core::TimePoint now) {
  // The death of an orphan, or by a kill from outside, tells nothing about whether the pool's workers can start.
  const bool tells = !orphan && !died.cause.from_outside && !core::wanted(died.cause.kind);
  if (tells && !died.was_ready) available(core::Availability::Event::BootFailed);
  on_policy(policy_.handle(now, died));
}

void Staffing::no_start(core::SeatNumber seat, core::TimePoint now) {
  available(core::Availability::Event::BootFailed);
  on_policy(policy_.handle(now, core::RestartPolicy::Died{seat, {core::DeathKind::BootFailure, 0, false}, false, 0}));
}

void Staffing::look_for_first_jobs(core::TimePoint now) {
  for (std::size_t i = 0; i < rooms_.seats.size(); ++i) {
    Seat& seat = rooms_.seats[i];
    if (!seat.process || !seat.ready || shm::finished_jobs(seat.process->lane().counters) == 0) continue;
    finished_first_job(seat, static_cast<core::SeatNumber>(i), now);
  }
}

void Staffing::finished_first_job(Seat& seat, core::SeatNumber index, core::TimePoint now) {
  if (std::exchange(seat.first_job_seen, true)) return;
  on_policy(policy_.handle(now, core::RestartPolicy::FinishedFirstJob{index}));
}

void Staffing::take_over(core::TimePoint now) {
  // There are never more than are wanted and the spares, but some may just be replaced.
  const auto empty = std::ranges::count(rooms_.seats, core::SeatState::Empty, &Seat::state);
  const auto present = static_cast<unsigned>(rooms_.seats.size() - static_cast<std::size_t>(empty));
  scaling_.take_over(now, present > config_.spares ? present - config_.spares : 0);
}

void Staffing::look(core::TimePoint now, const core::QueueGauge& queue, bool awake) {
  core::Scaling::Sight sight{queue.queued(), queue.oldest(), 0, 0, awake};
  for (const Seat& seat : rooms_.seats) {
    if (seat.run.running()) ++sight.running;
    if (seat.state == core::SeatState::Active) ++sight.active;
  }
  const unsigned before = scaling_.wanted();
  scaling_.look(now, sight);
  const unsigned after = scaling_.wanted();
  if (after == before) return;
  log_info(after > before ? "pool grows" : "pool shrinks", {{"pool", config_.name},
                                                            {"workers", after},
                                                            {"before", before},
                                                            {"queued", sight.queued},
                                                            {"oldest", sight.oldest}});
}

void Staffing::available(core::Availability::Event event) {
  if (availability_.handle(event)) rooms_.handlers.tell_waiting();
}

void Staffing::on_policy(const std::vector<core::RestartPolicy::Effect>& effects) {
  for (const auto& effect : effects) {
    if (const auto* quarantine = std::get_if<core::RestartPolicy::EnterQuarantine>(&effect)) {
      log_error("pool is quarantined: its workers die before they finish a job; one is tried again in a while",
                {{"pool", config_.name}, {"reason", quarantine->reason}});
      available(core::Availability::Event::Quarantined);
    } else if (std::holds_alternative<core::RestartPolicy::LeaveQuarantine>(effect)) {
      log_info("pool has left quarantine", {{"pool", config_.name}});
      available(core::Availability::Event::QuarantineLeft);
    }
  }
}

core::Quarantine Staffing::quarantine() const {
  switch (policy_.state()) {
    case core::RestartPolicy::State::Trusted:
      return core::Quarantine::No;
    case core::RestartPolicy::State::ProbeDue:
      return core::Quarantine::ProbeDue;
    case core::RestartPolicy::State::Quarantined:
    case core::RestartPolicy::State::Probing:
      return core::Quarantine::Closed;
  }
  return core::Quarantine::Closed;
}

std::vector<core::SeatView> Staffing::views(core::TimePoint now) {
  std::vector<core::SeatView> views(rooms_.seats.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    Seat& seat = rooms_.seats[i];
    views[i].state = seat.state;
    views[i].not_before = policy_.may_start_at(static_cast<core::SeatNumber>(i));
    views[i].started = seat.started;
    views[i].busy = seat.run.running();
    if (!seat.process) continue;
    views[i].jobs = shm::finished_jobs(seat.process->lane().counters);
    if (config_.recycle.max_rss.value != 0) views[i].rss = ports_.resident(seat.process->pid());
    if (!core::recycle_reason(now, config_.recycle, views[i])) {
      seat.recycle_due.reset();
    } else if (!seat.recycle_due) {
      seat.recycle_due = now;
    }
    views[i].due_since = seat.recycle_due;
  }
  return views;
}

void Staffing::apply(core::TimePoint now, bool stopping, bool paused) {
  on_policy(policy_.handle(now, core::RestartPolicy::TimerFired{}));
  // An effect changes the state, so the plan is made again until nothing is left to do.
  for (std::size_t time = 0; time <= rooms_.seats.size(); ++time) {
    const core::PoolGoal goal{scaling_.wanted(), config_.spares, stopping, quarantine(), config_.recycle};
    const core::PoolPlan plan = core::plan_pool(now, goal, views(now));
    plan_again_ = plan.look_again;
    if (plan.all_here) on_policy(policy_.handle(now, core::RestartPolicy::AllHere{}));
    if (plan.effects.empty()) return;
    for (const core::PoolEffect& effect : plan.effects) carry_out(effect, paused, now);
  }
}

void Staffing::carry_out(const core::PoolEffect& effect, bool paused, core::TimePoint now) {
  std::visit(Overloaded{
                 [&](const core::StartWorker& start) {
                   // Noted before the start, which may fail at once.
                   on_policy(policy_.handle(now, core::RestartPolicy::Started{start.seat}));
                   ports_.start(start.seat);
                 },
                 [&](const core::PromoteSpare& swap) { rooms_.orders.promote(rooms_.seats[swap.seat], paused); },
                 [&](const core::RecycleWorker& recycle) {
                   log_info(
                       "worker is recycled",
                       {{"pool", config_.name}, {"seat", recycle.seat}, {"reason", core::to_string(recycle.reason)}});
                   rooms_.orders.leave(rooms_.seats[recycle.seat], core::DeathKind::Recycled, now);
                 },
                 [&](const core::StopWorker& leave) {
                   rooms_.orders.leave(rooms_.seats[leave.seat], core::DeathKind::Clean, now);
                 },
             },
             effect);
}

std::optional<core::TimePoint> Staffing::next_deadline() const {
  std::optional<core::TimePoint> next = plan_again_;
  for (const auto at : {policy_.next_timer(), scaling_.next_look()}) {
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

}  // namespace ringmaster::daemon
