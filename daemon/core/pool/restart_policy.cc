#include "daemon/core/pool/restart_policy.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/overloaded.h"

namespace ringmaster::core {
namespace {

/// initial × 2^doublings, at most `cap`; never overflows.
Duration doubled(Duration initial, unsigned doublings, Duration cap) {
  Duration value = std::min(initial, cap);
  for (unsigned i = 0; i < doublings && value < cap; ++i) value = value > cap / 2 ? cap : value * 2;
  return value;
}

/// Deaths that we caused on purpose say nothing about the pool; nor does a kill after a cancel.
bool on_purpose(DeathKind kind) { return wanted(kind) || kind == DeathKind::Cancelled; }

// Limits the pause of a seat whose workers are ended by users' jobs or from outside.
constexpr unsigned kOthersStreak = 2;
// If the jobs of this many uids in a row crash, the handler is broken and not the clients.
constexpr std::size_t kUidsOfABrokenHandler = 3;

}  // namespace

RestartPolicy::RestartPolicy(const RestartConfig& config, std::size_t seats, Random random)
    : config_(config), random_(std::move(random)), seats_(seats) {}

RestartPolicy::SeatRecord& RestartPolicy::record(SeatNumber seat) {
  RM_CHECK(seat < seats_.size(), "seat=%u seats=%zu", unsigned{seat}, seats_.size());
  return seats_[seat];
}

// clang-format off
// state        | unproductive death      | other death        | started | ready   | proof*           | all here   | timer
// Trusted      | backoff, or Quarantined | restart now        | -       | note it | clears the tally | -          | ready long enough: proof
// Quarantined  | -                       | -                  | -       | note it | Trusted          | -          | probe due: ProbeDue
// ProbeDue     | -                       | -                  | Probing | note it | Trusted          | Trusted**  | as Trusted
// Probing      | canary's: Quarantined   | canary's: ProbeDue | -       | note it | Trusted          | -          | as Trusted
// clang-format on
// *  first job finished, or ready for `stable`
// ** unless one of them is not proven yet
std::vector<RestartPolicy::Effect> RestartPolicy::handle(TimePoint now, const Event& event) {
  return std::visit(Overloaded{
                        [&](const Died& died) { return on_death(now, died); },
                        [&](const Started& started) {
                          record(started.seat).ready_since.reset();
                          if (state_ == State::ProbeDue) {
                            state_ = State::Probing;
                            canary_ = started.seat;
                          }
                          return std::vector<Effect>{};
                        },
                        [&](const BecameReady& ready) {
                          record(ready.seat).ready_since = now;
                          return std::vector<Effect>{};
                        },
                        [&](const FinishedFirstJob& job) { return on_proof(job.seat); },
                        [&](const AllHere&) { return on_all_here(); },
                        [&](const TimerFired&) { return on_timer(now); },
                    },
                    event);
}

bool RestartPolicy::judges_pool(const Died& died) {
  if (on_purpose(died.cause.kind) || (died.cause.from_outside && proven_)) return false;
  if (!died.charged) return true;
  if (died.jobs_finished != 0) return false;
  if (row_.size() < kUidsOfABrokenHandler && std::find(row_.begin(), row_.end(), *died.charged) == row_.end()) {
    row_.push_back(*died.charged);
  }
  return row_.size() == kUidsOfABrokenHandler;
}

std::vector<RestartPolicy::Effect> RestartPolicy::on_death(TimePoint now, const Died& died) {
  SeatRecord& seat = record(died.seat);
  seat.ready_since.reset();
  const bool was_canary = state_ == State::Probing && canary_ == died.seat;

  if (!judges_pool(died)) {
    const bool by_others = died.cause.from_outside || (died.charged && !on_purpose(died.cause.kind));
    seat.streak = by_others && died.jobs_finished == 0 ? std::min(seat.streak + 1, kOthersStreak) : 0;
    seat.may_start = now + backoff(seat.streak);
    if (state_ == State::Trusted) return {RestartAt{died.seat, seat.may_start}};
    if (was_canary) {
      canary_.reset();
      state_ = State::ProbeDue;
      return {StartCanary{}};
    }
    return {};
  }

  ++seat.streak;
  seat.may_start = now + backoff(seat.streak);
  if (was_canary) {
    canary_.reset();
    state_ = State::Quarantined;
    return {ProbeFailed{schedule_probe(now)}};
  }
  if (state_ != State::Trusted) return {};

  deaths_.push_back(now);
  while (!deaths_.empty() && deaths_.front() <= now - config_.window) deaths_.pop_front();
  if (deaths_.size() <= config_.budget) return {RestartAt{died.seat, seat.may_start}};

  state_ = State::Quarantined;
  proven_ = false;
  row_.clear();
  probes_ = 0;
  reason_ = std::to_string(deaths_.size()) + " workers in a row died before they finished a job, within " +
            to_string(config_.window) + "; the last one: " + to_string(died.cause);
  return {EnterQuarantine{schedule_probe(now), reason_}};
}

std::vector<RestartPolicy::Effect> RestartPolicy::on_timer(TimePoint now) {
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const auto since = seats_[i].ready_since;
    if (!since || now < *since + config_.stable) continue;
    auto effects = on_proof(static_cast<SeatNumber>(i));
    if (!effects.empty()) return effects;
  }
  if (state_ == State::Quarantined && now >= probe_at_) {
    state_ = State::ProbeDue;
    return {StartCanary{}};
  }
  return {};
}

std::vector<RestartPolicy::Effect> RestartPolicy::on_proof(SeatNumber index) {
  SeatRecord& seat = record(index);
  seat.streak = 0;
  seat.ready_since.reset();
  return trust();
}

std::vector<RestartPolicy::Effect> RestartPolicy::on_all_here() {
  const bool unproven =
      std::ranges::any_of(seats_, [](const SeatRecord& seat) { return seat.ready_since.has_value(); });
  if (state_ != State::ProbeDue || unproven) return {};
  return trust();
}

std::vector<RestartPolicy::Effect> RestartPolicy::trust() {
  proven_ = true;
  deaths_.clear();
  row_.clear();
  if (state_ == State::Trusted) return {};
  state_ = State::Trusted;
  canary_.reset();
  reason_.clear();
  for (auto& each : seats_) {
    each.streak = 0;
    each.may_start = TimePoint::min();
  }
  return {LeaveQuarantine{}};
}

TimePoint RestartPolicy::schedule_probe(TimePoint now) {
  probe_at_ = now + doubled(config_.probe_initial, probes_, config_.probe_max);
  ++probes_;
  return probe_at_;
}

Duration RestartPolicy::backoff(unsigned streak) {
  if (streak <= 1) return Duration::zero();
  const Duration full = doubled(config_.backoff_initial, streak - 2, config_.backoff_max);
  const double share = 0.5 + 0.5 * std::clamp(random_(), 0.0, 1.0);
  return Duration{static_cast<Duration::rep>(static_cast<double>(full.count()) * share)};
}

std::optional<TimePoint> RestartPolicy::may_start_at(SeatNumber seat) const {
  RM_CHECK(seat < seats_.size(), "seat=%u seats=%zu", unsigned{seat}, seats_.size());
  switch (state_) {
    case State::Trusted:
      return seats_[seat].may_start;
    case State::ProbeDue:
      return TimePoint::min();
    case State::Quarantined:
    case State::Probing:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<TimePoint> RestartPolicy::next_timer() const {
  std::optional<TimePoint> next;
  if (state_ == State::Quarantined) next = probe_at_;
  for (const auto& seat : seats_) {
    if (!seat.ready_since) continue;
    const TimePoint proof = *seat.ready_since + config_.stable;
    if (!next || proof < *next) next = proof;
  }
  return next;
}

}  // namespace ringmaster::core
