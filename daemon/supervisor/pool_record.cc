#include <algorithm>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/incident_log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/session.h"
#include "proto/handler_id.h"

// What a pool puts on record for its successor: counts, and the deaths that nobody wanted.
namespace ringmaster {
namespace {

void add_times(TimeCounts& sum, const LaneTimes& times, const Word64 (&buckets)[kTimeBuckets]) {
  sum.sum_ns += times.sum_ns.load(std::memory_order_relaxed);
  sum.max_ns = std::max(sum.max_ns, times.max_ns.load(std::memory_order_relaxed));
  for (std::size_t i = 0; i < kTimeBuckets; ++i) sum.buckets[i] += buckets[i].load(std::memory_order_relaxed);
}

void add_lane(LedgerTally& tally, const LaneRecord& lane) {
  tally.done += lane.counters.done.load(std::memory_order_relaxed);
  tally.failed += lane.counters.failed.load(std::memory_order_relaxed);
  tally.cancelled += lane.counters.cancelled.load(std::memory_order_relaxed);
  tally.timed_out += lane.counters.timed_out.load(std::memory_order_relaxed);
  tally.missed_wakes += lane.counters.missed_wakes.load(std::memory_order_relaxed);
  tally.left_ended += lane.left.ended.load(std::memory_order_relaxed);
  tally.left_kept += lane.left.kept.load(std::memory_order_relaxed);
  tally.left_reaped += lane.left.reaped.load(std::memory_order_relaxed);
  tally.waited += lane.counters.waited.load(std::memory_order_relaxed);
  add_times(tally.queue, lane.counters.queue, lane.queue_buckets);
  add_times(tally.run, lane.counters.run, lane.run_buckets);
}

}  // namespace

LedgerTally Pool::total() const {
  LedgerTally sum = tally();
  for (const Seat& seat : seats_) {
    if (seat.process) add_lane(sum, seat.process->lane());
    if (seat.orphan && seat.orphan->lane != nullptr) add_lane(sum, *seat.orphan->lane);  // until it is booked
  }
  return sum;
}

void Pool::book(Owner owner, const LaneRecord* lane, const std::optional<AttemptTimes>& cut_short) {
  book_death(host_.ledger_record().pools[index_], owner, [&](LedgerTally& tally) {
    ++tally.deaths;
    if (lane != nullptr) add_lane(tally, *lane);
    if (!cut_short) return;
    tally.queue.add(cut_short->queued_ns);
    tally.run.add(cut_short->run_ns);
  });
}

void Pool::note_incident(core::Seat index, const core::DeathCause& cause, const std::string& text,
                         const keeper::ExitRecord& exit, const LaneRecord* lane) {
  Seat& seat = seats_[index];
  IncidentLog log(host_.ledger_record());
  std::uint64_t job = 0;
  std::string handler;
  if (lane != nullptr) {
    job = job_id_of(lane->words.intent.load(std::memory_order_acquire));  // SYNC: the dead's last words.
    if (job != 0) handler = handler_named(lane->words.handler.load(std::memory_order_relaxed));
  }
  const std::uint64_t serial =
      log.open({index_, index, exit.incarnation, record_of(index).started_ns}, job, handler, monotonic_ns());
  log.close(serial, cause, text);
  seat.last_death = last_death_ = text;
  const LedgerIncident* incident = log.find(serial);
  const std::string stack = incident != nullptr ? incident->stack : "";
  // What was captured in this supervisor's life is longer than what the ledger has room for.
  if (stack.empty() || !seat.last_stack.starts_with(stack)) seat.last_stack = stack;
}

void Pool::restore_incidents() {
  const IncidentLog log(host_.ledger_record());
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    for (const LedgerIncident* incident : log.last(index_, 1, static_cast<core::Seat>(i))) {
      seats_[i].last_death = incident->cause;
      seats_[i].last_stack = incident->stack;
    }
  }
  for (const LedgerIncident* incident : log.last(index_, 1)) last_death_ = incident->cause;
}

std::string Pool::handler_named(std::uint64_t id) const {
  for (const HandlerDescription& one : handlers_) {
    if (handler_id(one.name) == id) return one.name;
  }
  return {};
}

}  // namespace ringmaster
