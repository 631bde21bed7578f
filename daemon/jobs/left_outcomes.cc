#include "daemon/jobs/left_outcomes.h"

#include "daemon/jobs/job_table.h"

namespace ringmaster::daemon {

void LeftOutcomes::keep(Left left) {
  const std::uint64_t id = left.outcome.job_id;
  by_cookie_[{left.uid, left.cookie}] = id;
  by_id_[id] = std::move(left);
}

const JobOutcome* LeftOutcomes::shown_to(const Peer& peer, std::uint64_t id, const JobCookie& cookie) const {
  if (id == 0) {
    const auto known = by_cookie_.find({peer.uid, cookie});
    if (known == by_cookie_.end()) return nullptr;
    id = known->second;
  }
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return nullptr;
  const Left& left = at->second;
  return peer.admin || (left.uid == peer.uid && left.cookie == cookie) ? &left.outcome : nullptr;
}

void LeftOutcomes::expire(core::TimePoint now) {
  for (auto at = by_id_.begin(); at != by_id_.end();) {
    if (now - at->second.ended_at < JobTable::kKept) {
      ++at;
      continue;
    }
    by_cookie_.erase({at->second.uid, at->second.cookie});
    at = by_id_.erase(at);
  }
}

JobOutcome without_result(JobOutcome outcome) {
  if (outcome.status != Status::Done && outcome.result.empty() && outcome.spilled_bytes == 0) return outcome;
  outcome.status = Status::Lost;
  outcome.cause = Cause::PoolRemoved;
  outcome.detail = 0;
  outcome.message = "it ended, and its pool was removed before its result was fetched";
  outcome.result.clear();
  outcome.spilled_bytes = 0;
  outcome.spilled.reset();
  return outcome;
}

}  // namespace ringmaster::daemon
