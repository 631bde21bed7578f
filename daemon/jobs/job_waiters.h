#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/jobs/job_asker.h"

namespace ringmaster::daemon {

/// The requests that wait for a job to end; they are dropped with their connections. One thread.
class JobWaiters {
 public:
  /// Limited, because each of them gets a copy of the outcome when the job ends.
  static constexpr std::size_t kMostPerJob = 64;

  /// False: kMostPerJob requests wait for the job already.
  [[nodiscard]] bool add(std::uint64_t job, const JobAskerPtr& asker);
  /// Removes and returns all that wait for the job.
  [[nodiscard]] std::vector<JobAskerPtr> take(std::uint64_t job);
  /// Drops the requests of a connection that has ended.
  void drop(std::uint64_t connection);

  [[nodiscard]] bool empty() const { return by_job_.empty() && by_connection_.empty(); }

 private:
  std::map<std::uint64_t, std::vector<JobAskerPtr>> by_job_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_connection_;  ///< connection, job
};

}  // namespace ringmaster::daemon
