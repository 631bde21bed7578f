#include "daemon/pool/book/pool_charges.h"

#include <algorithm>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

using core::ChargeSheet;

std::uint64_t ns_of(core::TimePoint at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.time_since_epoch().count()));
}

core::Duration time_until(core::TimePoint at, core::TimePoint now) {
  return std::max(at - now, core::Duration::zero());
}

std::string seconds_until(core::TimePoint at, core::TimePoint now) {
  return core::to_string(std::chrono::ceil<std::chrono::seconds>(at - now));
}

std::optional<core::LastJob> last_job(const PoolCharges::Death& death) {
  core::LastJob last;
  if (death.lane == nullptr) {
    if (!death.running_uid) return std::nullopt;
    return core::LastJob{*death.running_uid, true, {}, 0};
  }
  const shm::LaneRecord& lane = *death.lane;
  last.finished = shm::finished_jobs(lane.counters);
  if (death.running_uid) {
    last.uid = *death.running_uid;
    last.running = true;
    return last;
  }
  const std::uint64_t user = lane.last_user.load(std::memory_order_relaxed);
  if (user == 0) return std::nullopt;
  last.uid = static_cast<core::Uid>(user - 1);
  // The worker wrote this, so it is limited to the time of its death. 0: its first job had not ended.
  const std::uint64_t ended = lane.counters.ended_ns.load(std::memory_order_relaxed);
  last.ago = core::Duration{static_cast<std::int64_t>(ended == 0 || ended > death.at_ns ? 0 : death.at_ns - ended)};
  return last;
}

core::DeathCause cause_of(const shm::LedgerCharge& record) {
  return {static_cast<core::DeathKind>(record.kind), static_cast<int>(record.detail), record.by_signal != 0, false};
}

}  // namespace

PoolCharges::PoolCharges(Timers& timers, shm::LedgerPool& record, const config::PoolConfig& config, Workers workers)
    : timers_(timers),
      record_(record),
      config_(config),
      workers_(std::move(workers)),
      sheet_({config.restart.budget, config.restart.window}) {
  for (const shm::LedgerCharge& one : record_.charges) {
    const std::uint64_t user = one.user.load(std::memory_order_acquire);  // SYNC: pairs with write_ledger.
    if (user == 0) continue;
    sheet_.restore(timers_.now(), {static_cast<core::Uid>(user - 1), one.deaths, one.last_death,
                                   core::from_monotonic_ns(one.clear_at_ns),
                                   core::from_monotonic_ns(one.refused_until_ns), cause_of(one)});
  }
  schedule();
}

PoolCharges::~PoolCharges() {
  if (timer_) timers_.cancel(*timer_);
}

std::optional<core::Uid> PoolCharges::bury(const Death& death) {
  const auto evidence = core::blame(death.cause, last_job(death));
  if (!evidence) return std::nullopt;
  const core::TimePoint now = timers_.now();
  const ChargeSheet::Standing before = sheet_.standing(now, evidence->uid);
  const std::uint32_t name = std::uint32_t{death.owner.worker} << 16 | death.owner.incarnation;
  sheet_.charge(now, *evidence, !death.maybe_outside, death.cause, name);
  if (const auto* charge = sheet_.find(evidence->uid)) say(*charge, before);
  publish();
  return evidence->uid;
}

void PoolCharges::say(const ChargeSheet::Charge& charge, ChargeSheet::Standing before) const {
  const core::TimePoint now = timers_.now();
  const ChargeSheet::Standing after = sheet_.standing(now, charge);
  if (after == before || after == ChargeSheet::Standing::Clear) return;
  const bool refused = after == ChargeSheet::Standing::Refused;
  const auto report = charge.cause.kind == core::DeathKind::CancelledByForce ? &log_info : &log_warning;
  report(refused ? "jobs of a user end workers again and again and are refused for a while"
                 : "jobs of a user end workers and wait behind others' for a while",
         {{"pool", config_.name},
          {"uid", charge.uid},
          {"workers", charge.deaths},
          {"last", core::to_string(charge.cause)},
          {"for", seconds_until(refused ? charge.refused_until : sheet_.last_until(charge), now)}});
}

// Writes the ledger first, so that a successor knows whatever a worker has been told.
void PoolCharges::publish() {
  sheet_.settle(timers_.now());
  write_ledger();
  const std::vector<shm::ChargedUser> list = users();
  workers_([&list](shm::ControlRecord& control) { shm::write_charges(control, list); });
  schedule();
}

void PoolCharges::write_ledger() {
  const auto& charges = sheet_.all();
  for (std::size_t i = 0; i < shm::kMaxCharges; ++i) {
    shm::LedgerCharge& place = record_.charges[i];
    // SYNC: release, before the rest changes and after it has: a successor reads whole records (we may die in between).
    place.user.store(0, std::memory_order_release);
    if (i >= charges.size()) continue;
    const ChargeSheet::Charge& charge = charges[i];
    place.deaths = charge.deaths;
    place.last_death = charge.last_death;
    place.clear_at_ns = ns_of(charge.clear_at);
    place.refused_until_ns = ns_of(charge.refused_until);
    place.kind = static_cast<std::uint32_t>(charge.cause.kind);
    place.detail = static_cast<std::uint32_t>(charge.cause.detail);
    place.by_signal = charge.cause.by_signal ? 1 : 0;
    place.user.store(std::uint64_t{charge.uid} + 1, std::memory_order_release);
  }
}

void PoolCharges::schedule() {
  if (timer_) timers_.cancel(*timer_);
  timer_.reset();
  const core::TimePoint now = timers_.now();
  const auto next = sheet_.next_change(now);
  if (!next) return;
  timer_ = timers_.after(*next - now, [this] {
    timer_.reset();
    publish();
  });
}

std::vector<shm::ChargedUser> PoolCharges::users() const {
  const core::TimePoint now = timers_.now();
  std::vector<shm::ChargedUser> list;
  for (const ChargeSheet::Charge& charge : sheet_.all()) {
    if (sheet_.standing(now, charge) == ChargeSheet::Standing::Clear) continue;
    list.push_back({charge.uid, charge.deaths, ns_of(charge.refused_until)});
  }
  return list;
}

void PoolCharges::show(shm::ControlRecord& control) const { shm::write_charges(control, users()); }

std::string PoolCharges::refusal(core::Uid uid) const {
  const core::TimePoint now = timers_.now();
  const ChargeSheet::Charge* charge = sheet_.find(uid);
  if (charge == nullptr || sheet_.standing(now, *charge) != ChargeSheet::Standing::Refused) return {};
  return ChargeSheet::to_string(*charge, config_.name) + "; its jobs are refused for another " +
         seconds_until(charge->refused_until, now) + ": see `ringmaster status` for what they died of";
}

std::vector<ChargeView> PoolCharges::views() const {
  const core::TimePoint now = timers_.now();
  std::vector<ChargeView> views;
  for (const ChargeSheet::Charge& charge : sheet_.all()) {
    if (charge.clear_at <= now) continue;
    views.push_back({charge.uid, charge.deaths, core::to_string(sheet_.standing(now, charge)),
                     time_until(charge.refused_until, now), time_until(sheet_.last_until(charge), now),
                     core::to_string(charge.cause)});
  }
  return views;
}

}  // namespace ringmaster::daemon
