#include "daemon/pool/pool_report.h"

#include <algorithm>

#include "daemon/incidents/incident_log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/sessions/session.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {
namespace {

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
    case core::SeatState::Leaving:
      return "leaving";
    case core::SeatState::Condemned:
      return "condemned";
  }
  return "unknown";
}

IncidentView incident_view(const IncidentLog& log, const shm::LedgerIncident& from, core::TimePoint now) {
  IncidentView view;
  view.serial = from.serial.load(std::memory_order_relaxed);
  view.ago = std::max(now - core::from_monotonic_ns(from.at_ns), core::Duration{0});
  view.seat = static_cast<core::SeatNumber>(from.seat);
  view.incarnation = from.incarnation;
  view.job_id = from.job_id;
  view.uid = from.uid;
  view.handler = from.handler;
  view.label = from.label;
  view.evidence = {log.stack_of(from), log.full_stack_of(from), from.core, from.what};
  view.same_as = from.same_as;
  if (from.closed.load(std::memory_order_relaxed) == 0) {
    view.kind = "being killed";
    return view;
  }
  view.kind = core::to_string(static_cast<core::DeathKind>(from.kind));
  view.detail = static_cast<std::int32_t>(from.detail);
  view.cause = from.cause;
  return view;
}

}  // namespace

shm::LedgerTally PoolReport::total() const {
  std::vector<const shm::LaneRecord*> lanes;
  for (const Seat& seat : rooms_.seats) {
    if (seat.process) lanes.push_back(&seat.process->lane());
    if (seat.orphan && seat.orphan->lane != nullptr) lanes.push_back(seat.orphan->lane);
  }
  return rooms_.book.total(lanes);
}

PoolView PoolReport::view(core::TimePoint now) const {
  PoolView view;
  view.name = config_.name;
  view.state = core::to_string(rooms_.drain.state());
  view.quarantined = rooms_.staffing.policy().quarantined();
  view.quarantine_reason = rooms_.staffing.policy().quarantine_reason();
  view.workers_wanted = rooms_.staffing.workers_wanted();
  view.workers_min = rooms_.staffing.range().min;
  view.workers_max = rooms_.staffing.range().max;
  view.owner = config_.owner;
  view.spares_wanted = config_.spares;
  for (std::size_t i = 0; i < rooms_.seats.size(); ++i) {
    view.workers.push_back(worker(now, static_cast<core::SeatNumber>(i)));
  }
  view.figures = rooms_.statistics.figures(now, total(), rooms_.queues.measure(now));
  view.charges = rooms_.charges.views();
  const IncidentLog log(rooms_.ledger);
  for (const shm::LedgerIncident* incident : log.last(index_, kIncidentsShown)) {
    view.incidents.push_back(incident_view(log, *incident, now));
  }
  return view;
}

WorkerView PoolReport::worker(core::TimePoint now, core::SeatNumber index) const {
  const Seat& seat = rooms_.seats[index];
  WorkerView worker;
  worker.seat = index;
  worker.state = name_of(seat.state);
  worker.last_death = rooms_.book.last_death(index);
  worker.last_stack = rooms_.book.last_stack(index);
  if (seat.orphan) worker.pid = seat.orphan->pid;
  if (seat.process) look_at_process(now, seat, worker);
  return worker;
}

void PoolReport::look_at_process(core::TimePoint now, const Seat& seat, WorkerView& worker) const {
  const shm::LaneRecord& lane = seat.process->lane();
  worker.pid = seat.process->pid();
  worker.incarnation = seat.process->name().owner.incarnation;
  worker.jobs = shm::finished_jobs(lane.counters);
  worker.leftovers = lane.left.now.load(std::memory_order_relaxed);
  worker.uptime = now - seat.started;
  worker.resident = resident_bytes(worker.pid);
  worker.cpu = rooms_.statistics.cpu_of(worker.seat, worker.incarnation, worker.pid, seat.started, now);
  const shm::LaneLook look = shm::look_at_lane(lane);
  const Session* session = look.intent ? rooms_.sessions.at(look.intent->session) : nullptr;
  if (session == nullptr) return;
  worker.job = {shm::make_job_id(session->serial, look.intent->seq), session->uid,
                rooms_.handlers.name_of(look.handler), label_of(*session, look.intent->slot, look.intent->seq),
                now - core::from_monotonic_ns(look.stamp_ns)};
}

core::PoolSnapshot PoolReport::snapshot() const {
  core::PoolSnapshot snapshot;
  snapshot.name = config_.name;
  snapshot.judged = rooms_.staffing.availability().judged();
  snapshot.queue_age_limit = config_.health_queue_age;
  snapshot.oldest_queued = rooms_.statistics.gauge().oldest();
  snapshot.queued = rooms_.statistics.gauge().queued();
  snapshot.done = rooms_.book.tally().done;
  snapshot.crashed = rooms_.book.tally().crashed;
  snapshot.timed_out = rooms_.book.tally().timed_out;
  if (config_.memory_max.value != 0 && !rooms_.cgroups.limits_memory()) {
    snapshot.unmet.push_back("memory_max (" + to_string(config_.memory_max) +
                             ") is not in force: " + rooms_.cgroups.why());
  }
  snapshot.workers_wanted = rooms_.staffing.workers_wanted();
  snapshot.spares_wanted = config_.spares;
  snapshot.drain = rooms_.drain.state();
  snapshot.quarantined = rooms_.staffing.policy().quarantined();
  snapshot.quarantine_reason = rooms_.staffing.policy().quarantine_reason();
  snapshot.last_death = rooms_.book.last_death();
  for (const Seat& seat : rooms_.seats) {
    if (seat.state == core::SeatState::Active) ++snapshot.workers_active;
    if (seat.state == core::SeatState::Starting) ++snapshot.workers_starting;
    if (seat.state == core::SeatState::Spare) ++snapshot.spares_ready;
    if (seat.state == core::SeatState::Empty) ++snapshot.workers_waiting;
    if (!seat.process) continue;
    const shm::LaneCounters& living = seat.process->lane().counters;
    snapshot.done += living.done.load(std::memory_order_relaxed);
    snapshot.timed_out += living.timed_out.load(std::memory_order_relaxed);
  }
  return snapshot;
}

}  // namespace ringmaster::daemon
