#include "daemon/core/pool/pool_plan.h"

#include <algorithm>
#include <functional>

namespace ringmaster::core {
namespace {

struct Counts {
  unsigned starting = 0;
  unsigned spare = 0;
  unsigned active = 0;
  unsigned leaving = 0;  ///< leaving or condemned: processes that take no more jobs
};

Counts count(std::span<const SeatView> seats) {
  Counts counts;
  for (const auto& seat : seats) {
    switch (seat.state) {
      case SeatState::Empty:
        break;
      case SeatState::Starting:
        ++counts.starting;
        break;
      case SeatState::Spare:
        ++counts.spare;
        break;
      case SeatState::Active:
        ++counts.active;
        break;
      case SeatState::Leaving:
      case SeatState::Condemned:
        ++counts.leaving;
        break;
    }
  }
  return counts;
}

void note_time(PoolPlan& plan, TimePoint at) {
  if (!plan.look_again || at < *plan.look_again) plan.look_again = at;
}

void stop_everything(std::span<const SeatView> seats, PoolPlan& plan) {
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const auto state = seats[i].state;
    if (state == SeatState::Starting || state == SeatState::Spare || state == SeatState::Active) {
      plan.effects.push_back(StopWorker{static_cast<SeatNumber>(i)});
    }
  }
}

void promote(const PoolGoal& goal, std::span<const SeatView> seats, Counts& counts, PoolPlan& plan) {
  for (std::size_t i = 0; i < seats.size() && counts.active < goal.workers; ++i) {
    if (seats[i].state != SeatState::Spare) continue;
    plan.effects.push_back(PromoteSpare{static_cast<SeatNumber>(i)});
    --counts.spare;
    ++counts.active;
  }
}

/// Highest seats leave first, so that the low numbers stay, which people look at.
void stop_surplus(const PoolGoal& goal, bool busy, std::span<const SeatView> seats, Counts& counts, PoolPlan& plan) {
  for (std::size_t i = seats.size(); i-- > 0;) {
    if (seats[i].busy != busy) continue;
    const bool spare =
        seats[i].state == SeatState::Spare && counts.active >= goal.workers && counts.spare > goal.spares;
    const bool active = seats[i].state == SeatState::Active && counts.active > goal.workers;
    if (!spare && !active) continue;
    plan.effects.push_back(StopWorker{static_cast<SeatNumber>(i)});
    spare ? --counts.spare : --counts.active;
    ++counts.leaving;
  }
}

/// Empty seats, those that may start last first: where fewer workers are wanted than there are seats, a seat whose
/// worker waits after a death must not lend its place to another, which would start at once.
std::vector<SeatNumber> seats_to_fill(std::span<const SeatView> seats) {
  std::vector<SeatNumber> empty;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].state == SeatState::Empty) empty.push_back(static_cast<SeatNumber>(i));
  }
  // nullopt, which sorts last, may not start at all.
  std::ranges::stable_sort(empty, std::ranges::greater{}, [&](SeatNumber seat) { return seats[seat].not_before; });
  return empty;
}

void start_missing(TimePoint now, const PoolGoal& goal, std::span<const SeatView> seats, Counts& counts,
                   PoolPlan& plan) {
  if (goal.quarantine == Quarantine::Closed) return;
  const unsigned wanted = goal.workers + goal.spares;
  const unsigned present = counts.starting + counts.spare + counts.active + counts.leaving;
  std::size_t missing = present < wanted ? wanted - present : 0;
  if (goal.quarantine == Quarantine::ProbeDue) missing = std::min<std::size_t>(missing, 1);
  std::vector<SeatNumber> chosen = seats_to_fill(seats);
  chosen.resize(std::min(chosen.size(), missing));
  for (const SeatNumber seat : chosen) {
    const auto& not_before = seats[seat].not_before;
    if (goal.quarantine == Quarantine::No && (!not_before || *not_before > now)) {
      if (not_before) note_time(plan, *not_before);
      continue;
    }
    plan.effects.push_back(StartWorker{seat});
    ++counts.starting;
  }
}

/// Others come and go, but it has been due for long, at least half of `workers`, and one, are active without it, and
/// the program still starts: one has become ready that was started since.
bool may_wait_no_longer(TimePoint now, const PoolGoal& goal, std::span<const SeatView> seats, const SeatView& seat,
                        const Counts& counts) {
  if (!seat.due_since || now < *seat.due_since + kRecyclePatience || counts.leaving != 0) return false;
  const unsigned others = counts.active - (seat.state == SeatState::Active ? 1 : 0);
  return others != 0 && 2 * others >= goal.workers && std::ranges::any_of(seats, [&](const SeatView& one) {
           return (one.state == SeatState::Active || one.state == SeatState::Spare) && one.started > *seat.due_since;
         });
}

void recycle_one(TimePoint now, const PoolGoal& goal, std::span<const SeatView> seats, const Counts& counts,
                 PoolPlan& plan) {
  if (goal.quarantine != Quarantine::No) return;
  const bool quiet = counts.starting == 0 && counts.leaving == 0 && counts.active >= goal.workers &&
                     (goal.spares == 0 || counts.spare > 0);
  // The oldest worker that is due goes first, so that each gets its turn.
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    const auto& seat = seats[i];
    if (seat.state != SeatState::Active && seat.state != SeatState::Spare) continue;
    if (recycle_reason(now, goal.recycle, seat)) {
      if (quiet || may_wait_no_longer(now, goal, seats, seat, counts)) {
        if (!chosen || seat.started < seats[*chosen].started) chosen = i;
      } else if (seat.due_since && now < *seat.due_since + kRecyclePatience) {
        note_time(plan, *seat.due_since + kRecyclePatience);
      }
    } else if (goal.recycle.max_age > Duration::zero()) {
      note_time(plan, seat.started + goal.recycle.max_age);
    }
  }
  if (!chosen) return;
  plan.effects.push_back(
      RecycleWorker{static_cast<SeatNumber>(*chosen), *recycle_reason(now, goal.recycle, seats[*chosen])});
}

}  // namespace

PoolPlan plan_pool(TimePoint now, const PoolGoal& goal, std::span<const SeatView> seats) {
  PoolPlan plan;
  if (goal.stopping) {
    stop_everything(seats, plan);
    return plan;
  }
  Counts counts = count(seats);
  promote(goal, seats, counts, plan);
  for (const bool busy : {false, true}) stop_surplus(goal, busy, seats, counts, plan);
  start_missing(now, goal, seats, counts, plan);
  // Only if there are no effects above: those must show in the seats' states first.
  if (!plan.effects.empty()) return plan;
  plan.all_here = counts.active >= goal.workers && counts.active + counts.spare >= goal.workers + goal.spares;
  recycle_one(now, goal, seats, counts, plan);
  return plan;
}

std::optional<RecycleReason> recycle_reason(TimePoint now, const RecycleConfig& config, const SeatView& seat) {
  if (config.max_jobs > 0 && seat.jobs >= config.max_jobs) return RecycleReason::Jobs;
  if (config.max_rss.value > 0 && seat.rss >= config.max_rss) return RecycleReason::Memory;
  if (config.max_age > Duration::zero() && now >= seat.started + config.max_age) return RecycleReason::Age;
  return std::nullopt;
}

const char* to_string(RecycleReason reason) {
  switch (reason) {
    case RecycleReason::Jobs:
      return "jobs";
    case RecycleReason::Memory:
      return "memory";
    case RecycleReason::Age:
      return "age";
  }
  return "unknown";
}

}  // namespace ringmaster::core
