#include "daemon/jobs/job_waiters.h"

namespace ringmaster::daemon {

bool JobWaiters::add(std::uint64_t job, const JobAskerPtr& asker) {
  auto& waiting = by_job_[job];
  if (waiting.size() >= kMostPerJob) return false;
  waiting.push_back(asker);
  by_connection_.emplace(asker->connection(), job);
  return true;
}

std::vector<JobAskerPtr> JobWaiters::take(std::uint64_t job) {
  const auto at = by_job_.find(job);
  if (at == by_job_.end()) return {};
  std::vector<JobAskerPtr> waiting = std::move(at->second);
  by_job_.erase(at);
  for (const JobAskerPtr& one : waiting) by_connection_.erase({one->connection(), job});
  return waiting;
}

void JobWaiters::drop(std::uint64_t connection) {
  auto at = by_connection_.lower_bound({connection, 0});
  for (; at != by_connection_.end() && at->first == connection; at = by_connection_.erase(at)) {
    const auto job = by_job_.find(at->second);
    std::erase_if(job->second, [&](const JobAskerPtr& one) { return one->connection() == connection; });
    if (job->second.empty()) by_job_.erase(job);
  }
}

}  // namespace ringmaster::daemon
