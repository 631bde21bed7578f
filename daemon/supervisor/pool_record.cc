#include <signal.h>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/incident_log.h"
#include "daemon/supervisor/lane_tally.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"
#include "proto/handler_id.h"

// What a pool puts on record for its successor: counts, and the deaths that nobody wanted.
namespace ringmaster {

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

IncidentLog::Job Pool::job_of(std::uint64_t intent_bits, const LaneRecord& lane) const {
  IncidentLog::Job job;
  job.id = job_id_of(intent_bits);
  if (job.id == 0) return job;
  job.handler = handler_named(lane.words.handler.load(std::memory_order_relaxed));
  const auto intent = Intent::unpack(intent_bits);
  const auto uid = submitter_of(*session_at(intent->session), intent->slot, intent->seq);
  if (uid) job.uid = static_cast<std::uint32_t>(*uid);
  return job;
}

void Pool::note_incident(core::Seat index, const core::DeathCause& cause, const std::string& text,
                         const keeper::ExitRecord& exit, const LaneRecord* lane) {
  Seat& seat = seats_[index];
  IncidentLog log(host_.ledger_record());
  IncidentLog::Job job;
  if (lane != nullptr) {
    job = job_of(lane->words.intent.load(std::memory_order_acquire), *lane);  // SYNC: the dead's last words.
  }
  const std::uint64_t serial =
      log.open({index_, index, exit.incarnation, record_of(index).started_ns}, job, monotonic_ns());
  if (exit.code == CLD_DUMPED) log.set_core(serial, core_place());
  log.close(serial, cause, text);
  seat.last_death = last_death_ = text;
  seat.last_incident = serial;
}

void Pool::restore_incidents() {
  const IncidentLog log(host_.ledger_record());
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    for (const LedgerIncident* incident : log.last(index_, 1, static_cast<core::Seat>(i))) {
      seats_[i].last_death = incident->cause;
      seats_[i].last_incident = incident->serial.load(std::memory_order_relaxed);
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
