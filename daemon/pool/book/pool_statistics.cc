#include "daemon/pool/book/pool_statistics.h"

#include <algorithm>

#include "daemon/machine/proc_facts.h"
#include "daemon/sessions/session.h"
#include "proto/control.pb.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

constexpr core::Duration kWindows[] = {std::chrono::seconds{1}, std::chrono::seconds{10}, core::Recent::kMinute};

std::uint64_t milliseconds(core::Duration duration) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

core::JobCounts counts_of(const LedgerTally& tally) {
  return {tally.done,      tally.failed,  tally.crashed, tally.timed_out,
          tally.cancelled, tally.refused, tally.lost,    tally.waited};
}

void fill_quantiles(const TimeCounts& times, core::Duration window, v1::Quantiles& out) {
  const std::uint64_t count = times.count();
  out.set_count(count);
  out.set_window_ms(milliseconds(window));
  if (count == 0) return;
  out.set_p50_ns(times.quantile(500));
  out.set_p90_ns(times.quantile(900));
  out.set_p99_ns(times.quantile(990));
  out.set_max_ns(times.max_ns);
  out.set_sum_ns(times.sum_ns);
  out.set_mean_ns(times.sum_ns / count);
}

void fill_counters(const LedgerTally& tally, v1::Counters& counters) {
  counters.set_done(tally.done);
  counters.set_failed(tally.failed);
  counters.set_crashed(tally.crashed);
  counters.set_timed_out(tally.timed_out);
  counters.set_cancelled(tally.cancelled);
  counters.set_lost(tally.lost);
  counters.set_rejected(tally.refused);
  counters.set_worker_starts(tally.starts);
  counters.set_worker_deaths(tally.deaths);
  counters.set_worker_kills(tally.kills);
  counters.set_retries(tally.retries);
  counters.set_missed_wakes(tally.missed_wakes);
  counters.set_leftovers_ended(tally.left_ended);
  counters.set_leftovers_kept(tally.left_kept);
  counters.set_leftovers_reaped(tally.left_reaped);
  counters.set_waited(tally.waited);
  counters.set_queue_full(tally.queue_full);
  counters.set_empty_rings(tally.empty_rings);
}

void fill_rates(const core::JobRates& rates, v1::Rates& out) {
  const auto of = [&](core::JobCount count) { return rates.per_second[static_cast<std::size_t>(count)]; };
  out.set_window_ms(milliseconds(rates.window));
  out.set_done(of(core::JobCount::Done));
  out.set_failed(of(core::JobCount::Failed));
  out.set_crashed(of(core::JobCount::Crashed));
  out.set_timed_out(of(core::JobCount::TimedOut));
  out.set_cancelled(of(core::JobCount::Cancelled));
  out.set_rejected(of(core::JobCount::Refused));
  out.set_lost(of(core::JobCount::Lost));
  out.set_waited(of(core::JobCount::Waited));
}

}  // namespace

void PoolStatistics::note(core::TimePoint now, const LedgerTally& total, bool slept) {
  recent_.note(now, counts_of(total), total.queue, total.run, slept);
}

void PoolStatistics::note_process(core::Seat seat, std::uint32_t incarnation, pid_t pid, core::TimePoint now) {
  Cpu& cpu = cpu_[seat];
  if (cpu.incarnation != incarnation) cpu = {incarnation, {}};
  if (cpu.meter.due(now)) cpu.meter.note(now, cpu_time(pid));
}

void PoolStatistics::queue_seen(const core::QueueGauge& gauge) const {
  const auto queued = static_cast<std::uint32_t>(std::min<std::uint64_t>(gauge.queued(), UINT32_MAX));
  record_.queue_highest = std::max(record_.queue_highest, queued);
}

void PoolStatistics::take_refusals(const Session& session) const {
  Word64& refused = session.reply.queue_full();
  if (refused.load(std::memory_order_relaxed) == 0) return;
  // The client's word: what it makes up is bounded.
  tally_of(record_).queue_full += std::min<std::uint64_t>(refused.exchange(0, std::memory_order_relaxed), UINT32_MAX);
}

void PoolStatistics::fill(core::TimePoint now, const LedgerTally& total, const core::QueueGauge& gauge,
                          v1::PoolStatus& status) const {
  fill_counters(total, *status.mutable_counters());
  fill_quantiles(total.queue, {}, *status.mutable_queue_time());
  fill_quantiles(total.run, {}, *status.mutable_run_time());
  const core::RecentTimes recent = recent_.last_minute(now, total.queue, total.run);
  fill_quantiles(recent.queue, recent.window, *status.mutable_queue_time_minute());
  fill_quantiles(recent.run, recent.window, *status.mutable_run_time_minute());
  for (const core::Duration window : kWindows) {
    fill_rates(recent_.rates(now, counts_of(total), window), *status.add_rates());
  }
  status.set_queue_highest(record_.queue_highest);
  status.set_oldest_queued_ms(milliseconds(gauge.oldest()));
}

void PoolStatistics::fill_process(core::Seat seat, std::uint32_t incarnation, pid_t pid, core::TimePoint started,
                                  core::TimePoint now, v1::WorkerStatus& worker) const {
  const core::Duration used = cpu_time(pid);
  const core::CpuMeter unknown;
  const core::CpuMeter& meter = cpu_[seat].incarnation == incarnation ? cpu_[seat].meter : unknown;
  const core::CpuMeter::Use use = meter.use(now, used, started);
  worker.set_cpu_ms(milliseconds(used));
  worker.set_cpu_percent(use.percent);
  worker.set_cpu_window_ms(milliseconds(use.window));
}

}  // namespace ringmaster
