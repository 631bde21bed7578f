#include "daemon/ports/visible_to.h"

#include <utility>

namespace ringmaster::daemon {
namespace {

WorkerView worker_for(const Viewer& viewer, WorkerView worker) {
  if (worker.job && !viewer.may_see_of(worker.job->uid)) {
    worker.job->id = 0;
    worker.job->label.clear();
  }
  if (!viewer.admin) worker.last_stack.clear();
  return worker;
}

IncidentView incident_for(const Viewer& viewer, IncidentView incident) {
  if (!viewer.may_see_of(incident.uid)) {
    incident.job_id = 0;
    incident.label.clear();
  }
  if (!viewer.admin) incident.evidence.reset();
  return incident;
}

PoolView pool_for(const Viewer& viewer, PoolView pool) {
  for (WorkerView& worker : pool.workers) worker = worker_for(viewer, std::move(worker));
  for (IncidentView& incident : pool.incidents) incident = incident_for(viewer, std::move(incident));
  std::erase_if(pool.charges, [&](const ChargeView& charge) { return !viewer.may_see_of(charge.uid); });
  return pool;
}

}  // namespace

StatusView visible_to(const Viewer& viewer, StatusView all) {
  std::erase_if(all.pools, [&](const PoolView& pool) { return pool.owner && !viewer.may_see_of(*pool.owner); });
  for (PoolView& pool : all.pools) pool = pool_for(viewer, std::move(pool));
  std::erase_if(all.sessions, [&](const SessionView& session) { return !viewer.may_see_of(session.uid); });
  return all;
}

}  // namespace ringmaster::daemon
