#include <signal.h>

#include "daemon/os/monotonic_clock.h"
#include "daemon/supervisor/incident_log.h"
#include "daemon/supervisor/pool.h"
#include "daemon/supervisor/proc_facts.h"
#include "daemon/supervisor/session.h"

// What a pool puts on record for its successor: counts, and the deaths that nobody wanted.
namespace ringmaster {

LedgerTally Pool::total() const {
  std::vector<const LaneRecord*> lanes;
  for (const Seat& seat : seats_) {
    if (seat.process) lanes.push_back(&seat.process->lane());
    if (seat.orphan && seat.orphan->lane != nullptr) lanes.push_back(seat.orphan->lane);
  }
  return book_.total(lanes);
}

IncidentLog::Job Pool::job_of(std::uint64_t intent_bits, const LaneRecord& lane) const {
  IncidentLog::Job job;
  job.id = sessions_.job_id_of(intent_bits);
  if (job.id == 0) return job;
  job.handler = handlers_.name_of(lane.words.handler.load(std::memory_order_relaxed));
  const auto intent = Intent::unpack(intent_bits);
  const auto uid = submitter_of(*sessions_.at(intent->session), intent->slot, intent->seq);
  if (uid) job.uid = static_cast<std::uint32_t>(*uid);
  return job;
}

void Pool::note_incident(core::Seat index, const core::DeathCause& cause, const std::string& text,
                         const keeper::ExitRecord& exit, const LaneRecord* lane) {
  PoolBook::Death death{index, exit.incarnation, record_of(index).started_ns, {}, cause, text, {}};
  if (lane != nullptr) {
    death.job = job_of(lane->words.intent.load(std::memory_order_acquire), *lane);  // SYNC: the dead's last words.
  }
  if (exit.code == CLD_DUMPED) death.core_place = core_place();
  book_.note_death(death, monotonic_ns());
}

}  // namespace ringmaster
