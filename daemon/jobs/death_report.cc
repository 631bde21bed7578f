#include "daemon/jobs/death_report.h"

#include <algorithm>

#include "daemon/incidents/incident_log.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;

constexpr std::uint32_t kLongestWaitMs = 10'000;

std::string worker_name(const LedgerRecord& ledger, const LedgerIncident& incident) {
  return std::string(ledger.pools[incident.pool % kMaxPools].name) + "[" + std::to_string(incident.seat) + "]";
}

template <typename Message>
void fill(const LedgerRecord& ledger, const IncidentLog& log, const LedgerIncident& incident, Message& message) {
  message.set_stack(log.stack_of(incident));
  message.set_worker(worker_name(ledger, incident));
  message.set_handler(incident.handler);
  message.set_what(incident.what);
  message.set_core(incident.core);
}

// The incident of a job that `peer` may know of.
const LedgerIncident* visible(const IncidentLog& log, const Peer& peer, std::uint64_t job_id) {
  const LedgerIncident* incident = log.of_job(job_id);
  return incident != nullptr && (peer.admin || incident->uid == peer.uid) ? incident : nullptr;
}

void refuse(const Responder& respond) {
  respond(error_reply(0, v1::ERROR_UNKNOWN_JOB,
                      "no stack of that job: it did not take its worker along, it is another user's, or its worker is "
                      "not among the last 128 that died"),
          {});
}

}  // namespace

void fill_death(LedgerRecord& ledger, std::uint64_t job_id, v1::Outcome& outcome) {
  const IncidentLog log(ledger);
  if (const LedgerIncident* incident = log.of_job(job_id)) fill(ledger, log, *incident, outcome);
}

void answer_stack(DaemonGate& daemon, const Peer& peer, const v1::GetStack& request, const Responder& respond) {
  const std::uint64_t job_id = request.job_id();
  const LedgerIncident* incident = visible(IncidentLog(daemon.ledger()), peer, job_id);
  if (incident == nullptr) return refuse(respond);
  const auto limit = std::chrono::milliseconds{std::min(request.wait_ms(), kLongestWaitMs)};
  const std::uint64_t serial = incident->serial.load(std::memory_order_relaxed);
  daemon.when_stack_named(serial, limit, [&daemon, peer, job_id, respond] {
    const IncidentLog log(daemon.ledger());
    const LedgerIncident* known = visible(log, peer, job_id);
    if (known == nullptr) return refuse(respond);
    v1::Reply reply;
    v1::Stack& stack = *reply.mutable_stack();
    stack.set_job_id(job_id);
    fill(daemon.ledger(), log, *known, stack);
    stack.set_full_stack(log.full_stack_of(*known));
    stack.set_cause(known->cause);
    respond(std::move(reply), {});
  });
}

}  // namespace ringmaster
