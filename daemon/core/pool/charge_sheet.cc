#include "daemon/core/pool/charge_sheet.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

/// How long after its end a job can still be the cause of its worker's death.
constexpr Duration kAftermath = std::chrono::seconds{10};
/// A worker that has finished this many jobs counts as useful.
constexpr std::uint64_t kOfUse = 32;

}  // namespace

std::optional<Evidence> blame(const DeathCause& cause, const std::optional<LastJob>& last) {
  // No crash; but a worker that others might have used.
  const bool forced = cause.kind == DeathKind::CancelledByForce;
  if (forced && last && last->running) return Evidence{last->uid, false, false};
  if (!last || wanted(cause.kind) || cause.kind == DeathKind::BootFailure) return std::nullopt;
  if (!last->running && last->ago >= kAftermath) return std::nullopt;
  return Evidence{last->uid, last->finished + (last->running ? 1 : 0) <= 1, last->finished < kOfUse};
}

Duration ChargeSheet::unit() const { return terms_.window / (2 * std::max(terms_.budget, 1U)); }

void ChargeSheet::charge(TimePoint now, const Evidence& evidence, bool may_refuse, const DeathCause& cause,
                         std::uint32_t death) {
  settle(now);
  auto at = std::find_if(charges_.begin(), charges_.end(), [&](const Charge& one) { return one.uid == evidence.uid; });
  if (at == charges_.end()) {
    if (charges_.size() == kMost) charges_.erase(std::ranges::min_element(charges_, {}, &Charge::clear_at));
    at = charges_.insert(charges_.end(), Charge{evidence.uid, 0, 0, now, {}, {}});
  }
  if (at->last_death == death) return;
  at->last_death = death;
  ++at->deaths;
  at->cause = cause;
  const TimePoint limit = now + terms_.window;
  const TimePoint owed = at->clear_at + (evidence.first ? 2 : 1) * unit();
  if (!may_refuse || !evidence.in_row) {
    // The uid is served last, but comes no nearer to a refusal: otherwise many deaths that others may have caused, and
    // a single one of its own, would get it refused.
    at->clear_at = std::max(at->clear_at, std::min(owed, now + kWaits * unit()));
  } else if (owed <= limit) {
    at->clear_at = owed;
  } else {
    // Limited: jobs that still run when it is refused must not prolong the refusal again and again.
    at->clear_at = limit + unit();
    at->refused_until = at->clear_at - terms_.window / 2;
  }
}

void ChargeSheet::restore(TimePoint now, const Charge& charge) {
  // Uses only what can be true of the record.
  if (charges_.size() == kMost || find(charge.uid) != nullptr) return;
  Charge& kept = charges_.emplace_back(charge);
  kept.clear_at = std::min(kept.clear_at, now + terms_.window + unit());
  kept.refused_until = std::min(kept.refused_until, kept.clear_at);
  settle(now);
}

void ChargeSheet::settle(TimePoint now) {
  std::erase_if(charges_, [&](const Charge& one) { return one.clear_at <= now; });
}

ChargeSheet::Standing ChargeSheet::standing(TimePoint now, Uid uid) const {
  const Charge* charge = find(uid);
  return charge == nullptr ? Standing::Clear : standing(now, *charge);
}

ChargeSheet::Standing ChargeSheet::standing(TimePoint now, const Charge& charge) const {
  if (now < charge.refused_until) return Standing::Refused;
  return now < last_until(charge) ? Standing::Last : Standing::Clear;
}

const ChargeSheet::Charge* ChargeSheet::find(Uid uid) const {
  const auto at = std::find_if(charges_.begin(), charges_.end(), [&](const Charge& one) { return one.uid == uid; });
  return at == charges_.end() ? nullptr : &*at;
}

std::optional<TimePoint> ChargeSheet::next_change(TimePoint now) const {
  std::optional<TimePoint> next;
  for (const Charge& one : charges_) {
    for (const TimePoint at : {one.refused_until, last_until(one), one.clear_at}) {
      if (at > now && (!next || at < *next)) next = at;
    }
  }
  return next;
}

std::string ChargeSheet::to_string(const Charge& charge, const std::string& pool) {
  return "jobs of uid " + std::to_string(charge.uid) + " ended " + std::to_string(charge.deaths) + " worker" +
         (charge.deaths == 1 ? "" : "s") + " of pool \"" + pool + "\" lately, the last one " +
         core::to_string(charge.cause);
}

const char* to_string(ChargeSheet::Standing standing) {
  switch (standing) {
    case ChargeSheet::Standing::Clear:
      return "clear";
    case ChargeSheet::Standing::Last:
      return "served last";
    case ChargeSheet::Standing::Refused:
      return "refused";
  }
  return "unknown";
}

}  // namespace ringmaster::core
