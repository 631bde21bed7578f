#include "daemon/core/pool/scaling.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::core {
namespace {

// Before any worker was seen to start.
constexpr Duration kUnknownCost = std::chrono::milliseconds{100};
// Looks are not for nothing: a start that takes less is not worth more of them.
constexpr Duration kShortestCost = std::chrono::milliseconds{20};
constexpr Duration kLongestLook = std::chrono::seconds{1};
// One start in four counts: a single slow one, on a busy machine, tells little.
constexpr int kMemory = 4;

}  // namespace

Scaling::Scaling(WorkerRange range, Duration idle_timeout, std::optional<Duration> grow_after)
    : range_(range),
      idle_timeout_(idle_timeout),
      grow_after_(grow_after),
      wanted_(range.min),
      awaited_(range.min),
      needed_(range.max) {
  RM_CHECK(range.min >= 1 && range.min <= range.max, "min=%u max=%u", range.min, range.max);
}

void Scaling::take_over(TimePoint now, unsigned workers) { want(now, std::clamp(workers, range_.min, range_.max)); }

void Scaling::set_range(TimePoint now, WorkerRange range) {
  RM_CHECK(range.min >= 1 && range.min <= range.max, "min=%u max=%u", range.min, range.max);
  // While the range was one number, nobody noted who had something to do: each begins anew.
  if (range_.min == range_.max) std::ranges::fill(needed_, now);
  range_ = range;
  needed_.resize(range.max, now);
  want(now, std::clamp(wanted_, range.min, range.max));
  plan_look(now, true);
}

void Scaling::started(Duration took) {
  start_cost_ = start_cost_ ? *start_cost_ + (took - *start_cost_) / kMemory : took;
  if (awaited_ > 0) --awaited_;
}

Duration Scaling::start_cost() const { return std::max(start_cost_.value_or(kUnknownCost), kShortestCost); }

void Scaling::look(TimePoint now, const Sight& sight) {
  if (range_.min == range_.max) return;
  std::fill_n(needed_.begin(), needed(sight), now);
  if (sight.active >= wanted_) awaited_ = 0;
  if (awaited_ == 0 && !helpers_came_) helpers_came_ = now;
  grow(now, sight);
  shrink(now);
  plan_look(now, sight.awake);
}

// Where nobody is idle, one that is just being replaced would have something to do.
std::uint64_t Scaling::needed(const Sight& sight) const {
  std::uint64_t needed = sight.running + sight.queued;
  if (needed != 0 && sight.running >= sight.active && sight.active < wanted_) needed += wanted_ - sight.active;
  return std::min<std::uint64_t>(needed, range_.max);
}

void Scaling::grow(TimePoint now, const Sight& sight) {
  if (wanted_ >= range_.max || sight.queued == 0 || sight.oldest < patience()) return;
  if (!grow_after_) return double_at_most(now, sight);
  const auto jobs = static_cast<unsigned>(std::min<std::uint64_t>(sight.running + sight.queued, range_.max));
  if (jobs > wanted_) want(now, jobs);
}

void Scaling::double_at_most(TimePoint now, const Sight& sight) {
  if (!helpers_came_ || now - *helpers_came_ < start_cost()) return;
  const std::uint64_t more = std::min<std::uint64_t>({sight.queued, wanted_, range_.max - wanted_});
  want(now, wanted_ + static_cast<unsigned>(more));
}

void Scaling::shrink(TimePoint now) {
  if (idle_timeout_ == Duration::zero()) return;
  while (wanted_ > range_.min && now - needed_[wanted_ - 1] >= idle_timeout_) --wanted_;
}

// Whoever is wanted from now on has the whole idle_timeout to be of use.
void Scaling::want(TimePoint now, unsigned workers) {
  if (workers > wanted_) {
    std::fill(needed_.begin() + wanted_, needed_.begin() + workers, now);
    awaited_ += workers - wanted_;
    helpers_came_.reset();
  }
  wanted_ = workers;
}

void Scaling::plan_look(TimePoint now, bool awake) {
  next_look_.reset();
  if (range_.min == range_.max) return;
  if (awake && wanted_ < range_.max) next_look_ = now + std::min(patience(), kLongestLook);
  if (wanted_ <= range_.min || idle_timeout_ == Duration::zero()) return;
  const TimePoint idle_at = needed_[wanted_ - 1] + idle_timeout_;
  next_look_ = next_look_ ? std::min(*next_look_, idle_at) : idle_at;
}

}  // namespace ringmaster::core
