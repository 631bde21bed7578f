#include "daemon/core/pool/recent.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Where `at` lies between two points, from 0 to 1.
double share(TimePoint from, TimePoint to, TimePoint at) {
  return to > from ? std::clamp(seconds(at - from) / seconds(to - from), 0.0, 1.0) : 0.0;
}

// What has been counted since `before`. The exact maximum is not known: it is the middle of the highest bucket.
shm::TimeCounts since(const shm::TimeCounts& before, const shm::TimeCounts& now) {
  shm::TimeCounts recent{};
  for (std::uint32_t bucket = 0; bucket < shm::kTimeBuckets; ++bucket) {
    recent.buckets[bucket] = now.buckets[bucket] - std::min(now.buckets[bucket], before.buckets[bucket]);
    if (recent.buckets[bucket] != 0) recent.max_ns = std::min(shm::middle_of(bucket), now.max_ns);
  }
  recent.sum_ns = now.sum_ns - std::min(now.sum_ns, before.sum_ns);
  return recent;
}

}  // namespace

bool Recent::due(TimePoint now) const {
  return counts_.points().empty() || now - counts_.points().back().at >= kSpacing;
}

void Recent::note(TimePoint now, const JobCounts& counts, const shm::TimeCounts& queue, const shm::TimeCounts& run,
                  bool slept) {
  counts_.note(now, counts, slept);
  times_.note(now, {queue, run}, slept);
}

JobRates Recent::rates(TimePoint now, const JobCounts& counts, Duration window) const {
  JobRates rates;
  const auto& points = counts_.points();
  if (points.empty()) return rates;
  const TimePoint begin = std::max(now - window, points.front().at);
  rates.window = now - begin;
  if (rates.window <= Duration::zero()) return rates;
  const std::size_t index = counts_.at_or_before(begin);
  const auto& from = points[index];
  const TimePoint next_at = index + 1 < points.size() ? points[index + 1].at : now;
  const JobCounts& next = index + 1 < points.size() ? points[index + 1].value : counts;
  const double way = share(from.at, next_at, begin);
  for (std::size_t i = 0; i < kJobCounts; ++i) {
    const auto low = static_cast<double>(from.value[i]);
    const double base = low + way * (static_cast<double>(next[i]) - low);
    rates.per_second[i] = std::max(0.0, static_cast<double>(counts[i]) - base) / seconds(rates.window);
  }
  return rates;
}

RecentTimes Recent::last_minute(TimePoint now, const shm::TimeCounts& queue, const shm::TimeCounts& run) const {
  RecentTimes recent;
  const auto& points = times_.points();
  if (points.empty()) return recent;
  const auto& from = points[times_.at_or_before(now - kMinute)];
  // If two points are further apart than this, the pool slept between them.
  recent.window = now - from.at <= kMinute + 2 * kTimesSpacing ? now - from.at : kMinute;
  recent.queue = since(from.value.queue, queue);
  recent.run = since(from.value.run, run);
  return recent;
}

bool CpuMeter::due(TimePoint now) const {
  return trail_.points().empty() || now - trail_.points().back().at >= kSpacing;
}

CpuMeter::Use CpuMeter::use(TimePoint now, Duration used, TimePoint started) const {
  const auto& points = trail_.points();
  const TimePoint wanted = std::max(now - kSpan, started);
  TimePoint from = started;
  Duration before{};
  // Readings closer together than this differ by too few of the kernel's ticks.
  if (!points.empty() && points[trail_.at_or_before(wanted)].at <= now - kSpacing) {
    from = points[trail_.at_or_before(wanted)].at;
    before = points[trail_.at_or_before(wanted)].value;
  }
  Use use;
  use.window = std::max(now - from, Duration::zero());
  if (use.window > Duration::zero())
    use.percent = 100.0 * seconds(std::max(used - before, Duration::zero())) / seconds(use.window);
  return use;
}

}  // namespace ringmaster::core
