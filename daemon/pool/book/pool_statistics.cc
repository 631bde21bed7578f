#include "daemon/pool/book/pool_statistics.h"

#include <algorithm>

#include "daemon/machine/proc_facts.h"
#include "daemon/sessions/session.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kWindows[] = {std::chrono::seconds{1}, std::chrono::seconds{10}, core::Recent::kMinute};

core::JobCounts counts_of(const shm::LedgerTally& tally) {
  return {tally.done,      tally.failed,  tally.crashed, tally.timed_out,
          tally.cancelled, tally.refused, tally.lost,    tally.waited};
}

TimesView times_view(const shm::TimeCounts& times, core::Duration window) {
  TimesView view;
  view.count = times.count();
  view.window = window;
  if (view.count == 0) return view;
  view.p50_ns = times.quantile(500);
  view.p90_ns = times.quantile(900);
  view.p99_ns = times.quantile(990);
  view.max_ns = times.max_ns;
  view.sum_ns = times.sum_ns;
  view.mean_ns = times.sum_ns / view.count;
  return view;
}

CountsView counts_view(const shm::LedgerTally& tally) {
  return {.done = tally.done,
          .failed = tally.failed,
          .crashed = tally.crashed,
          .timed_out = tally.timed_out,
          .cancelled = tally.cancelled,
          .lost = tally.lost,
          .refused = tally.refused,
          .worker_starts = tally.starts,
          .worker_deaths = tally.deaths,
          .worker_kills = tally.kills,
          .retries = tally.retries,
          .missed_wakes = tally.missed_wakes,
          .waited = tally.waited,
          .queue_full = tally.queue_full,
          .leftovers_ended = tally.left_ended,
          .leftovers_kept = tally.left_kept,
          .leftovers_reaped = tally.left_reaped,
          .empty_rings = tally.empty_rings};
}

RatesView rates_view(const core::JobRates& rates) {
  const auto of = [&](core::JobCount count) { return rates.per_second[static_cast<std::size_t>(count)]; };
  return {.window = rates.window,
          .done = of(core::JobCount::Done),
          .failed = of(core::JobCount::Failed),
          .crashed = of(core::JobCount::Crashed),
          .timed_out = of(core::JobCount::TimedOut),
          .cancelled = of(core::JobCount::Cancelled),
          .lost = of(core::JobCount::Lost),
          .refused = of(core::JobCount::Refused),
          .waited = of(core::JobCount::Waited)};
}

}  // namespace

void PoolStatistics::note(core::TimePoint now, const shm::LedgerTally& total, bool slept) {
  recent_.note(now, counts_of(total), total.queue, total.run, slept);
}

void PoolStatistics::note_process(core::SeatNumber seat, std::uint32_t incarnation, pid_t pid, core::TimePoint now) {
  Cpu& cpu = cpu_[seat];
  if (cpu.incarnation != incarnation) cpu = {incarnation, {}};
  if (cpu.meter.due(now)) cpu.meter.note(now, cpu_time(pid));
}

void PoolStatistics::queue_seen(const core::QueueGauge& gauge) const {
  const auto queued = static_cast<std::uint32_t>(std::min<std::uint64_t>(gauge.queued(), UINT32_MAX));
  record_.queue_highest = std::max(record_.queue_highest, queued);
}

void PoolStatistics::take_refusals(const Session& session) const {
  shm::Word64& refused = session.reply.queue_full();
  if (refused.load(std::memory_order_relaxed) == 0) return;
  // The client writes this number, so it is limited.
  shm::tally_of(record_).queue_full +=
      std::min<std::uint64_t>(refused.exchange(0, std::memory_order_relaxed), UINT32_MAX);
}

PoolFigures PoolStatistics::figures(core::TimePoint now, const shm::LedgerTally& total,
                                    const core::QueueGauge& gauge) const {
  PoolFigures figures;
  figures.counts = counts_view(total);
  figures.queue_time = times_view(total.queue, {});
  figures.run_time = times_view(total.run, {});
  const core::RecentTimes recent = recent_.last_minute(now, total.queue, total.run);
  figures.queue_time_minute = times_view(recent.queue, recent.window);
  figures.run_time_minute = times_view(recent.run, recent.window);
  for (const core::Duration window : kWindows) {
    figures.rates.push_back(rates_view(recent_.rates(now, counts_of(total), window)));
  }
  figures.queue_highest = record_.queue_highest;
  figures.oldest_queued = gauge.oldest();
  return figures;
}

CpuView PoolStatistics::cpu_of(core::SeatNumber seat, std::uint32_t incarnation, pid_t pid, core::TimePoint started,
                               core::TimePoint now) const {
  const core::Duration used = cpu_time(pid);
  const core::CpuMeter unknown;
  const core::CpuMeter& meter = cpu_[seat].incarnation == incarnation ? cpu_[seat].meter : unknown;
  const core::CpuMeter::Use use = meter.use(now, used, started);
  return {used, use.percent, use.window};
}

}  // namespace ringmaster::daemon
