#include "daemon/core/worker/kill_ladder.h"

#include <algorithm>

#include "base/overloaded.h"
#include "daemon/core/worker/death.h"

namespace ringmaster::core {
namespace {

using State = KillLadder::State;

/// Before the verdict: the job may still end by itself.
bool undecided(State state) { return state == State::Running || state == State::CancelAsked; }

}  // namespace

KillLadder KillLadder::resume(const shm::Verdict& verdict, const LadderConfig& config) {
  KillLadder ladder{verdict.intent, config};
  ladder.state_ = State::Condemning;
  ladder.verdict_ = verdict;
  return ladder;
}

// clang-format off
// event \ state  | Running           | CancelAsked | Condemning        | Rereading          | Capturing | Killing | Faulted
// deadline,cancel| CancelAsked       | -           | -                 | -                  | -         | -       | -
//  no grace      | Condemning        |             |                   |                    |           |         |
//  cancel, deaf  | cancel word       |             |                   |                    |           |         |
// force          | CancelAsked, or   | recorded,   | -                 | -                  | -         | -       | recorded
//                | Condemning        | no later    |                   |                    |           |         |
// client vanished| cancel word       | -           | -                 | -                  | -         | -       | -
// violation      | Condemning        | Condemning  | -                 | -                  | -         | -       | -
// job left       | JobEnded          | JobEnded *  | -                 | -                  | -         | -       | -
// timer          | -                 | Condemning  | -                 | reread, the last   | Killing   | -       | Killing
// verdict written| -                 | -           | hold, CAS         | -                  | -         | -       | -
// condemn won    | -                 | -           | Capturing **      | Capturing **       | -         | -       | -
// condemn lost   | -                 | -           | Rereading         | -                  | -         | -       | -
// lane reread    | -                 | -           | -                 | JobEnded, wait, or | -         | -       | -
//                |                   |             |                   | Killing            |           |         |
// capture ended  | -                 | -           | -                 | -                  | Killing   | -       | let go
// fault said     | Faulted           | Faulted     | -                 | -                  | -         | -       | -
// fenced         | Fenced            | Fenced      | Fenced            | Fenced             | Fenced    | Fenced  | Fenced
// clang-format on
// * a recorded verdict is withdrawn   ** of a forced cancel: Killing
// Fenced and JobEnded ignore all events. WatcherWasLate only moves the timer.
std::vector<KillLadder::Effect> KillLadder::handle(TimePoint now, const Event& event) {
  using Effects = std::vector<Effect>;
  if (over()) return {};
  return std::visit(Overloaded{
                        [&](const DeadlineReached&) { return end_job(now, Cause::RunTimeout); },
                        [&](const CancelRequested& cancel) {
                          if (cancel.as == Cause::Cancelled && !config_.listens) return tell_only();
                          return end_job(now, cancel.as);
                        },
                        [&](const ForceRequested& wish) { return force(now, wish.grace); },
                        [&](const ClientVanished&) { return tell_only(); },
                        [&](const ViolationFound&) {
                          if (!undecided(state_)) return Effects{};
                          if (!recorded_) pass(Cause::ProtocolViolation);
                          return decide();
                        },
                        [&](const JobLeft&) { return on_left(); },
                        [&](const WatcherWasLate& late) {
                          if (timer_) *timer_ += late.by;
                          return Effects{};
                        },
                        [&](const TimerFired&) { return timer_ && now >= *timer_ ? on_timer() : Effects{}; },
                        [&](const VerdictWritten&) {
                          if (state_ != State::Condemning) return Effects{};
                          return Effects{SetHold{}, CondemnSlot{}};
                        },
                        [&](const CondemnWon&) { return on_won(now); },
                        [&](const CondemnLost&) {
                          if (state_ != State::Condemning) return Effects{};
                          state_ = State::Rereading;
                          return Effects{RereadLane{}};
                        },
                        [&](const LaneReread& lane) { return on_reread(now, lane.intent); },
                        [&](const CaptureEnded&) { return on_captured(); },
                        [&](const FaultSaid&) { return on_fault(now); },
                        [&](const DumpsCore&) {
                          if (state_ == State::Faulted && now < core_until_) timer_ = now + config_.fault_limit;
                          return Effects{};
                        },
                        [&](const WorkerFenced&) { return on_fenced(); },
                    },
                    event);
}

std::vector<KillLadder::Effect> KillLadder::tell_only() const {
  if (state_ != State::Running) return {};
  return {SetCancelWord{}};
}

std::vector<KillLadder::Effect> KillLadder::end_job(TimePoint now, Cause cause) {
  // The end of a pool does not wait for a grace that a client has chosen.
  if (state_ == State::CancelAsked && ends_its_pool(cause)) {
    timer_ = std::min(timer_.value_or(now + config_.grace), now + config_.grace);
    return {};
  }
  if (state_ != State::Running) return {};
  pass(cause);
  if (!config_.listens || config_.grace <= Duration::zero()) return decide();
  state_ = State::CancelAsked;
  timer_ = now + config_.grace;
  return {SetCancelWord{}};
}

// The first cause stays: a job past its deadline is timed out, though its end comes sooner now.
std::vector<KillLadder::Effect> KillLadder::force(TimePoint now, Duration grace) {
  if (!intent_ || (!undecided(state_) && state_ != State::Faulted)) return {};
  const Duration given = std::clamp(grace, Duration::zero(), kLongestForcedGrace);
  if (!verdict_ || verdict_->cause == Cause::Cancelled) {
    if (verdict_) timer_.reset();  // a plain cancel's, whose grace is another
    pass(Cause::CancelledByForce);
    verdict_->detail = static_cast<std::uint16_t>(std::chrono::ceil<std::chrono::milliseconds>(given).count());
  }
  timer_ = timer_ ? std::min(*timer_, now + given) : now + given;
  core_until_ = std::min(core_until_, now + given);
  recorded_ = true;
  if (state_ == State::Faulted) return {WriteVerdict{*verdict_}};
  if (given <= Duration::zero()) return decide();
  state_ = State::CancelAsked;
  return {WriteVerdict{*verdict_}, SetCancelWord{}};
}

std::vector<KillLadder::Effect> KillLadder::on_left() {
  if (!undecided(state_)) return {};
  state_ = State::JobEnded;
  timer_.reset();
  if (!recorded_) return {};
  return {WithdrawVerdict{}};
}

void KillLadder::pass(Cause cause) { verdict_ = shm::Verdict{intent_.value_or(shm::Intent{}), cause}; }

std::vector<KillLadder::Effect> KillLadder::decide() {
  state_ = State::Condemning;
  timer_.reset();
  return {WriteVerdict{*verdict_}};
}

std::vector<KillLadder::Effect> KillLadder::on_won(TimePoint now) {
  if (state_ != State::Condemning && state_ != State::Rereading) return {};
  if (verdict_->cause == Cause::CancelledByForce) {
    state_ = State::Killing;
    timer_.reset();
    return {SpareTakesOver{}, Kill{}};
  }
  state_ = State::Capturing;
  timer_ = now + config_.capture_limit;
  return {SpareTakesOver{}, CaptureStack{}};
}

std::vector<KillLadder::Effect> KillLadder::on_captured() {
  if (state_ == State::Faulted) return {LetGo{}};
  if (state_ != State::Capturing) return {};
  state_ = State::Killing;
  timer_.reset();
  return {Kill{}};
}

std::vector<KillLadder::Effect> KillLadder::on_fault(TimePoint now) {
  if (!undecided(state_)) return {};
  state_ = State::Faulted;
  const TimePoint until = now + config_.fault_limit;
  timer_ = recorded_ ? std::min(timer_.value_or(until), until) : until;
  core_until_ = recorded_ ? *timer_ : now + config_.core_limit;
  if (!recorded_) verdict_.reset();
  return {SpareTakesOver{}, CaptureStack{}};
}

std::vector<KillLadder::Effect> KillLadder::on_fenced() {
  // No verdict was recorded before the exit: this death is the worker's own.
  const auto settled = undecided(state_) && !recorded_ ? std::nullopt : verdict_;
  verdict_ = settled;
  state_ = State::Fenced;
  timer_.reset();
  return {Settle{settled}};
}

std::vector<KillLadder::Effect> KillLadder::on_timer() {
  timer_.reset();
  switch (state_) {
    case State::CancelAsked:
      return decide();
    case State::Rereading:
      tamper_grace_over_ = true;
      return {RereadLane{}};
    case State::Capturing:
    case State::Faulted:
      state_ = State::Killing;
      return {Kill{}};
    case State::Running:
    case State::Condemning:
    case State::Killing:
    case State::Fenced:
    case State::JobEnded:
      return {};
  }
  return {};
}

std::vector<KillLadder::Effect> KillLadder::on_reread(TimePoint now, const std::optional<shm::Intent>& seen) {
  if (state_ != State::Rereading) return {};
  if (seen != intent_) {
    state_ = State::JobEnded;
    timer_.reset();
    return {WithdrawVerdict{}, ReleaseHold{}};
  }
  if (!tamper_grace_over_) {
    if (!timer_) timer_ = now + config_.tamper_grace;
    return {};
  }
  // The worker still names this job, but the slot does not: the client changed it. The first verdict stays in the
  // ledger, so that a successor kills too.
  state_ = State::Killing;
  return {ReportProtocolViolation{}, SpareTakesOver{}, Kill{}};
}

const char* to_string(KillLadder::State state) {
  switch (state) {
    case State::Running:
      return "running";
    case State::CancelAsked:
      return "cancel asked";
    case State::Condemning:
      return "condemning";
    case State::Rereading:
      return "rereading";
    case State::Capturing:
      return "capturing";
    case State::Killing:
      return "killing";
    case State::Faulted:
      return "faulted";
    case State::Fenced:
      return "fenced";
    case State::JobEnded:
      return "job ended";
  }
  return "unknown";
}

}  // namespace ringmaster::core
