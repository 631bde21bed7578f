#include "tests/unit/daemon/core/pool/simulated_pool.h"

namespace ringmaster::core::testing {

void SimulatedPool::step() {
  now += kStep;
  for (std::size_t i = 0; i < workers_.size(); ++i) live(workers_[i], static_cast<SeatNumber>(i));
  look();
  apply();
}

void SimulatedPool::live(Worker& worker, SeatNumber seat) {
  SeatView& view = worker.view;
  if (view.state == SeatState::Starting && worker.fails) return die(seat, DeathKind::BootFailure);
  if (view.state == SeatState::Starting && now >= worker.due) {
    view.state = SeatState::Spare;
    scaling_.started(ways_.start);
    tell(RestartPolicy::BecameReady{seat});
  }
  if (view.busy && now >= worker.due) {
    view.busy = false;
    if (ways_.crashes) return die(seat, DeathKind::Signal);
    if (++view.jobs == 1) tell(RestartPolicy::FinishedFirstJob{seat});
    if (view.jobs == ways_.max_jobs) view.state = SeatState::Leaving;
  } else if (view.state == SeatState::Leaving && !view.busy) {
    return die(seat, view.jobs == ways_.max_jobs ? DeathKind::Recycled : DeathKind::Clean);
  }
  if (view.state != SeatState::Active || view.busy || queue_.empty()) return;
  queue_.pop_front();
  view.busy = true;
  worker.due = now + ways_.job;
}

void SimulatedPool::die(SeatNumber seat, DeathKind kind) {
  const SeatView was = std::exchange(workers_[seat].view, SeatView{});
  RestartPolicy::Died died{seat, {kind, 1, kind == DeathKind::Signal}, kind != DeathKind::BootFailure, was.jobs};
  if (kind == DeathKind::Signal) died.charged = Uid{1000};
  tell(died);
}

void SimulatedPool::look() {
  const Duration oldest = queue_.empty() ? Duration::zero() : now - queue_.front();
  const auto active = std::ranges::count(workers_, SeatState::Active, [](const Worker& one) { return one.view.state; });
  scaling_.look(now, {queue_.size(), oldest, busy(), static_cast<unsigned>(active), true});
  if (were_wanted.empty() || were_wanted.back() != wanted()) were_wanted.push_back(wanted());
}

void SimulatedPool::apply() {
  tell(RestartPolicy::TimerFired{});
  for (std::size_t time = 0; time <= workers_.size(); ++time) {
    std::vector<SeatView> views;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      views.push_back(workers_[i].view);
      views.back().not_before = policy_.may_start_at(static_cast<SeatNumber>(i));
    }
    PoolGoal goal{wanted(), ways_.spares, false, Quarantine::Closed, {}};
    if (!quarantined()) goal.quarantine = Quarantine::No;
    if (policy_.state() == RestartPolicy::State::ProbeDue) goal.quarantine = Quarantine::ProbeDue;
    const PoolPlan plan = plan_pool(now, goal, views);
    if (plan.all_here) tell(RestartPolicy::AllHere{});
    if (plan.effects.empty()) return;
    for (const PoolEffect& effect : plan.effects) std::visit([this](const auto& one) { carry_out(one); }, effect);
  }
}

void SimulatedPool::carry_out(const StartWorker& start) {
  starts.push_back(now);
  Worker& worker = workers_[start.seat];
  worker = {{.state = SeatState::Starting, .started = now}, now + ways_.start, !ways_.starts(now)};
  tell(RestartPolicy::Started{start.seat});
}

void SimulatedPool::carry_out(const PromoteSpare& spare) { workers_[spare.seat].view.state = SeatState::Active; }

void SimulatedPool::carry_out(const RecycleWorker& recycle) { workers_[recycle.seat].view.state = SeatState::Leaving; }

void SimulatedPool::carry_out(const StopWorker& stop) {
  stops.push_back(now);
  workers_[stop.seat].view.state = SeatState::Leaving;
}

}  // namespace ringmaster::core::testing
