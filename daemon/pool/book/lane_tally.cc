#include "daemon/pool/book/lane_tally.h"

#include <algorithm>

namespace ringmaster::daemon {
namespace {

void add_times(shm::TimeCounts& sum, const shm::LaneTimes& times,
               const shm::Word64 (&buckets)[shm::kTimeBuckets]) noexcept {
  sum.sum_ns += times.sum_ns.load(std::memory_order_relaxed);
  sum.max_ns = std::max(sum.max_ns, times.max_ns.load(std::memory_order_relaxed));
  for (std::size_t i = 0; i < shm::kTimeBuckets; ++i) sum.buckets[i] += buckets[i].load(std::memory_order_relaxed);
}

}  // namespace

void add_lane(shm::LedgerTally& tally, const shm::LaneRecord& lane) noexcept {
  tally.done += lane.counters.done.load(std::memory_order_relaxed);
  tally.failed += lane.counters.failed.load(std::memory_order_relaxed);
  tally.cancelled += lane.counters.cancelled.load(std::memory_order_relaxed);
  tally.timed_out += lane.counters.timed_out.load(std::memory_order_relaxed);
  tally.refused += lane.counters.refused.load(std::memory_order_relaxed);
  tally.missed_wakes += lane.counters.missed_wakes.load(std::memory_order_relaxed);
  tally.empty_rings += lane.empty_rings.load(std::memory_order_relaxed);
  tally.left_ended += lane.left.ended.load(std::memory_order_relaxed);
  tally.left_kept += lane.left.kept.load(std::memory_order_relaxed);
  tally.left_reaped += lane.left.reaped.load(std::memory_order_relaxed);
  tally.waited += lane.counters.waited.load(std::memory_order_relaxed);
  add_times(tally.queue, lane.counters.queue, lane.queue_buckets);
  add_times(tally.run, lane.counters.run, lane.run_buckets);
}

}  // namespace ringmaster::daemon
