#include "daemon/jobs/worker_death.h"

#include <algorithm>
#include <chrono>

#include "daemon/incidents/incident_log.h"
#include "daemon/jobs/job_asker.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint32_t kLongestWaitMs = 10'000;

WorkerDeath report(const IncidentLog& log, const shm::LedgerIncident& incident) {
  return {log.pool_of(incident) + "[" + std::to_string(incident.seat) + "]", incident.handler, log.stack_of(incident),
          incident.what, incident.core};
}

// The incident of a job that `peer` may know of.
const shm::LedgerIncident* visible(const IncidentLog& log, const Peer& peer, std::uint64_t job_id) {
  const shm::LedgerIncident* incident = log.of_job(job_id);
  return incident != nullptr && (peer.admin || incident->uid == peer.uid) ? incident : nullptr;
}

void refuse(JobAsker& asker) {
  asker.answer(RequestRefusal{
      RefusalCode::UnknownJob,
      "no stack of that job: it did not take its worker along, it is another user's, or its worker is not among the "
      "last 128 that died"});
}

}  // namespace

std::optional<WorkerDeath> death_of(shm::LedgerRecord& ledger, std::uint64_t job_id) {
  const IncidentLog log(ledger);
  const shm::LedgerIncident* incident = log.of_job(job_id);
  if (incident == nullptr) return std::nullopt;
  return report(log, *incident);
}

void answer_stack(DaemonPort& daemon, const Peer& peer, const StackRequest& request, const JobAskerPtr& asker) {
  const std::uint64_t job_id = request.job_id;
  const shm::LedgerIncident* incident = visible(IncidentLog(daemon.ledger()), peer, job_id);
  if (incident == nullptr) return refuse(*asker);
  const auto limit = std::chrono::milliseconds{std::min(request.wait_ms, kLongestWaitMs)};
  const std::uint64_t serial = incident->serial.load(std::memory_order_relaxed);
  daemon.when_stack_named(serial, limit, [&daemon, peer, job_id, asker] {
    const IncidentLog log(daemon.ledger());
    const shm::LedgerIncident* known = visible(log, peer, job_id);
    if (known == nullptr) return refuse(*asker);
    asker->answer(JobStack{job_id, report(log, *known), log.full_stack_of(*known), known->cause});
  });
}

}  // namespace ringmaster::daemon
