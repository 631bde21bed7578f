#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/incident_log.h"
#include "daemon/supervisor/log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "proto/control.pb.h"

// What a pool tells about itself. No worker is asked: a status must not need a free one.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

constexpr std::size_t kIncidentsShown = 8;

const char* name_of(core::SeatState state) {
  switch (state) {
    case core::SeatState::Empty:
      return "empty";
    case core::SeatState::Starting:
      return "starting";
    case core::SeatState::Spare:
      return "spare";
    case core::SeatState::Active:
      return "active";
    case core::SeatState::Draining:
      return "draining";
    case core::SeatState::Condemned:
      return "condemned";
  }
  return "unknown";
}

std::uint64_t milliseconds(core::Duration duration) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

void fill_incident(const IncidentLog& log, const LedgerIncident& from, v1::Incident& to) {
  to.set_serial(from.serial.load(std::memory_order_relaxed));
  const std::uint64_t now = monotonic_ns();
  to.set_ago_ms(now > from.at_ns ? (now - from.at_ns) / 1'000'000 : 0);
  to.set_seat(from.seat);
  to.set_incarnation(from.incarnation);
  to.set_job_id(from.job_id);
  to.set_handler(from.handler);
  to.set_stack(log.stack_of(from));
  to.set_full_stack(log.full_stack_of(from));
  to.set_core(from.core);
  to.set_what(from.what);
  to.set_same_as(from.same_as);
  if (from.closed.load(std::memory_order_relaxed) == 0) return to.set_kind("being killed");
  to.set_kind(core::to_string(static_cast<core::DeathKind>(from.kind)));
  to.set_detail(static_cast<std::int32_t>(from.detail));
  to.set_cause(from.cause);
}

}  // namespace

LedgerTally Pool::total() const {
  std::vector<const LaneRecord*> lanes;
  for (const Seat& seat : seats_) {
    if (seat.process) lanes.push_back(&seat.process->lane());
    if (seat.orphan && seat.orphan->lane != nullptr) lanes.push_back(seat.orphan->lane);
  }
  return book_.total(lanes);
}

void Pool::fill_status(v1::PoolStatus& status) const {
  status.set_name(config_.name);
  status.set_state(core::to_string(drain_.state()));
  status.set_quarantined(policy_.quarantined());
  status.set_quarantine_reason(policy_.quarantine_reason());
  status.set_workers_wanted(config_.workers);
  status.set_spares_wanted(config_.spares);
  const core::TimePoint now = host_.loop().now();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = seats_[i];
    v1::WorkerStatus& worker = *status.add_workers();
    worker.set_seat(static_cast<std::uint32_t>(i));
    worker.set_state(name_of(seat.state));
    worker.set_last_death(book_.last_death(static_cast<core::Seat>(i)));
    worker.set_last_stack(book_.last_stack(static_cast<core::Seat>(i)));
    if (seat.orphan) worker.set_pid(seat.orphan->pid);
    if (!seat.process) continue;
    const LaneRecord& lane = seat.process->lane();
    worker.set_pid(seat.process->pid());
    worker.set_incarnation(seat.process->place().owner.incarnation);
    worker.set_jobs(finished_jobs(lane.counters));
    worker.set_leftovers(lane.left.now.load(std::memory_order_relaxed));
    worker.set_uptime_ms(milliseconds(now - seat.started));
    worker.set_rss_bytes(resident_bytes(seat.process->pid()).value);
    statistics_.fill_process(static_cast<core::Seat>(i), worker.incarnation(), worker.pid(), seat.started, now, worker);
    const LaneLook look = look_at_lane(lane);
    if (!look.intent) continue;
    const Session* session = sessions_.at(look.intent->session);
    if (session == nullptr) continue;
    worker.set_current_job_id(make_job_id(session->serial, look.intent->seq));
    worker.set_current_run_ms(milliseconds(now - core::from_monotonic_ns(look.stamp_ns)));
    worker.set_current_handler(handlers_.name_of(look.handler));
  }
  statistics_.fill(now, total(), queues_.measure(now), status);
  charges_.fill(status);
  const IncidentLog log(host_.ledger_record());
  for (const LedgerIncident* incident : log.last(index_, kIncidentsShown))
    fill_incident(log, *incident, *status.add_incidents());
}

core::PoolSnapshot Pool::snapshot() const {
  core::PoolSnapshot snapshot;
  snapshot.name = config_.name;
  snapshot.judged = judged();
  snapshot.queue_age_limit = config_.health_queue_age;
  snapshot.oldest_queued = statistics_.gauge().oldest();
  snapshot.queued = statistics_.gauge().queued();
  snapshot.done = book_.tally().done;
  snapshot.crashed = book_.tally().crashed;
  snapshot.timed_out = book_.tally().timed_out;
  if (config_.memory_max.value != 0 && !host_.cgroups().limits_memory()) {
    snapshot.unmet.push_back("memory_max (" + to_string(config_.memory_max) +
                             ") is not in force: " + host_.cgroups().why());
  }
  snapshot.workers_wanted = config_.workers;
  snapshot.spares_wanted = config_.spares;
  snapshot.drain = drain_.state();
  snapshot.quarantined = policy_.quarantined();
  snapshot.quarantine_reason = policy_.quarantine_reason();
  snapshot.last_death = book_.last_death();
  for (const Seat& seat : seats_) {
    if (seat.state == core::SeatState::Active) ++snapshot.workers_active;
    if (seat.state == core::SeatState::Starting) ++snapshot.workers_starting;
    if (seat.state == core::SeatState::Spare) ++snapshot.spares_ready;
    if (seat.state == core::SeatState::Empty) ++snapshot.workers_waiting;
    if (!seat.process) continue;
    const LaneCounters& living = seat.process->lane().counters;
    snapshot.done += living.done.load(std::memory_order_relaxed);
    snapshot.timed_out += living.timed_out.load(std::memory_order_relaxed);
  }
  return snapshot;
}

}  // namespace ringmaster
