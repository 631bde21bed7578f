#include "daemon/pool/pool_view.h"

#include "base/monotonic_clock.h"
#include "daemon/incidents/incident_log.h"
#include "daemon/machine/proc_facts.h"
#include "daemon/sessions/session.h"
#include "proto/control.pb.h"
#include "shm/port/verdict.h"

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

LedgerTally PoolView::total() const {
  std::vector<const LaneRecord*> lanes;
  for (const PoolSeat& seat : rooms_.seats) {
    if (seat.process) lanes.push_back(&seat.process->lane());
    if (seat.orphan && seat.orphan->lane != nullptr) lanes.push_back(seat.orphan->lane);
  }
  return rooms_.book.total(lanes);
}

void PoolView::fill_status(core::TimePoint now, v1::PoolStatus& status) const {
  status.set_name(config_.name);
  status.set_state(core::to_string(rooms_.drain.state()));
  status.set_quarantined(rooms_.staffing.policy().quarantined());
  status.set_quarantine_reason(rooms_.staffing.policy().quarantine_reason());
  status.set_workers_wanted(config_.workers);
  status.set_spares_wanted(config_.spares);
  for (std::size_t i = 0; i < rooms_.seats.size(); ++i) {
    fill_worker(now, static_cast<core::Seat>(i), *status.add_workers());
  }
  rooms_.statistics.fill(now, total(), rooms_.queues.measure(now), status);
  rooms_.charges.fill(status);
  const IncidentLog log(rooms_.ledger);
  for (const LedgerIncident* incident : log.last(index_, kIncidentsShown)) {
    fill_incident(log, *incident, *status.add_incidents());
  }
}

void PoolView::fill_worker(core::TimePoint now, core::Seat index, v1::WorkerStatus& worker) const {
  const PoolSeat& seat = rooms_.seats[index];
  worker.set_seat(index);
  worker.set_state(name_of(seat.state));
  worker.set_last_death(rooms_.book.last_death(index));
  worker.set_last_stack(rooms_.book.last_stack(index));
  if (seat.orphan) worker.set_pid(seat.orphan->pid);
  if (!seat.process) return;
  const LaneRecord& lane = seat.process->lane();
  const std::int32_t pid = seat.process->pid();
  worker.set_pid(pid);
  worker.set_incarnation(seat.process->place().owner.incarnation);
  worker.set_jobs(finished_jobs(lane.counters));
  worker.set_leftovers(lane.left.now.load(std::memory_order_relaxed));
  worker.set_uptime_ms(milliseconds(now - seat.started));
  worker.set_rss_bytes(resident_bytes(pid).value);
  rooms_.statistics.fill_process(index, worker.incarnation(), pid, seat.started, now, worker);
  const LaneLook look = look_at_lane(lane);
  const Session* session = look.intent ? rooms_.sessions.at(look.intent->session) : nullptr;
  if (session == nullptr) return;
  worker.set_current_job_id(make_job_id(session->serial, look.intent->seq));
  worker.set_current_run_ms(milliseconds(now - core::from_monotonic_ns(look.stamp_ns)));
  worker.set_current_handler(rooms_.handlers.name_of(look.handler));
}

core::PoolSnapshot PoolView::snapshot() const {
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
  snapshot.workers_wanted = config_.workers;
  snapshot.spares_wanted = config_.spares;
  snapshot.drain = rooms_.drain.state();
  snapshot.quarantined = rooms_.staffing.policy().quarantined();
  snapshot.quarantine_reason = rooms_.staffing.policy().quarantine_reason();
  snapshot.last_death = rooms_.book.last_death();
  for (const PoolSeat& seat : rooms_.seats) {
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
