#include "daemon/core/worker/run_watcher.h"

#include <algorithm>

namespace ringmaster::core {

RunWatcher::Finding RunWatcher::look(TimePoint now, const Sight& sight, const Limits& limits) {
  // Removes a ladder that is over, so that the next job can get one.
  if (ladder_ && ladder_->over()) ladder_.reset();
  Finding found;
  found.changed = watch_.look(now, sight.intent, sight.stamp) != RunWatch::Change::Nothing;
  if (found.changed) {
    const bool left = ladder_ && ladder_->intent() != sight.intent;
    if (left) found.withdraw = !handle(now, KillLadder::JobLeft{}).empty();  // its one effect
    if (ladder_ && ladder_->over()) ladder_.reset();
    armed_.reset();
  }
  if (!watch_.running()) return found;
  arm(sight, limits);
  if (ladder_) return found;
  if (watch_.expired(now)) {
    found.event = KillLadder::DeadlineReached{};
  } else if (sight.cancel_wanted) {
    found.event = KillLadder::CancelRequested{Cause::Cancelled};
  }
  if (found.event) begin(sight.intent, sight.ladder);
  return found;
}

void RunWatcher::restore(TimePoint started, TimePoint now, const Sight& sight, const Limits& limits) {
  watch_.restore(sight.intent, started, now);
  arm(sight, limits);
}

KillLadder::Event RunWatcher::resume(TimePoint now, const shm::Verdict& verdict, const LadderConfig& config,
                                     bool held) {
  if (verdict.cause == Cause::CancelledByForce && !held) {
    ladder_.emplace(verdict.intent, config);
    return force(now, std::chrono::milliseconds{verdict.detail});
  }
  ladder_ = KillLadder::resume(verdict, config);
  return KillLadder::VerdictWritten{};
}

KillLadder::Event RunWatcher::force(TimePoint now, Duration grace) const {
  const auto deadline = watch_.deadline();
  return KillLadder::ForceRequested{deadline ? std::min(grace, *deadline - now) : grace};
}

// The worker writes the job's own timeout a moment after its intent, so it is read again at each look.
void RunWatcher::arm(const Sight& sight, const Limits& limits) {
  const bool own = sight.own_limit != Duration::zero();
  const Duration limit = own ? std::min(sight.own_limit, limits.longest) : limits.usual;
  if (armed_ == limit) return;
  armed_ = limit;
  watch_.arm(limit);
}

void RunWatcher::begin(const std::optional<shm::Intent>& intent, const LadderConfig& config) {
  if (!ladder_ || ladder_->over()) ladder_.emplace(intent, config);
}

std::vector<KillLadder::Effect> RunWatcher::handle(TimePoint now, const KillLadder::Event& event) {
  return ladder_ ? ladder_->handle(now, event) : std::vector<KillLadder::Effect>{};
}

void RunWatcher::settle() {
  if (ladder_ && ladder_->state() == KillLadder::State::Running) ladder_.reset();
}

void RunWatcher::extend(TimePoint now, Duration late) {
  watch_.extend(late);
  (void)handle(now, KillLadder::WatcherWasLate{late});  // which has no effects
}

bool RunWatcher::ladder_due(TimePoint now) const {
  return ladder_ && ladder_->next_timer() && now >= *ladder_->next_timer();
}

std::optional<TimePoint> RunWatcher::next_deadline() const {
  return ladder_ && !ladder_->over() ? ladder_->next_timer() : watch_.deadline();
}

}  // namespace ringmaster::core
