#include "daemon/pool/seat/running_job.h"

namespace ringmaster::daemon {

IncidentLog::Job running_job(const SessionRoster& sessions, const HandlerCatalog& handlers, std::uint64_t intent_bits,
                             const shm::LaneRecord& lane) {
  IncidentLog::Job job;
  job.id = sessions.job_id_of(intent_bits);
  if (job.id == 0) return job;
  job.handler = handlers.name_of(lane.words.handler.load(std::memory_order_relaxed));
  const auto intent = shm::Intent::unpack(intent_bits);
  const auto uid = submitter_of(*sessions.at(intent->session), intent->slot, intent->seq);
  if (uid) job.uid = static_cast<std::uint32_t>(*uid);
  job.label = label_of(*sessions.at(intent->session), intent->slot, intent->seq);
  return job;
}

}  // namespace ringmaster::daemon
