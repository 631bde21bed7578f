#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/jobs/job_asker.h"

namespace ringmaster::daemon {

/// Who waits for which job to end: requests, which go with their connections. One thread.
class JobWaiters {
 public:
  /// Each gets a copy of the outcome, in one go when the job ends.
  static constexpr std::size_t kMostPerJob = 64;

  /// False: as many wait for the job as may.
  [[nodiscard]] bool add(std::uint64_t job, const JobAskerPtr& asker);
  /// Everybody who waits for the job; nobody does afterwards.
  [[nodiscard]] std::vector<JobAskerPtr> take(std::uint64_t job);
  /// The connection has ended.
  void drop(std::uint64_t connection);

  [[nodiscard]] bool empty() const { return by_job_.empty() && by_connection_.empty(); }

 private:
  std::map<std::uint64_t, std::vector<JobAskerPtr>> by_job_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_connection_;  ///< connection, job
};

}  // namespace ringmaster::daemon
