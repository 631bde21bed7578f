#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "daemon/jobs/job_charge.h"
#include "daemon/jobs/job_outcome.h"
#include "daemon/jobs/job_request.h"
#include "daemon/ports/peer.h"

namespace ringmaster::daemon {

/// How jobs ended whose session is gone before anybody had read that: with their pool. To their submitters they must
/// not look as if they had never been accepted, for then they would be run again. Each counts for its uid. Owned by
/// MessageJobs; one thread.
class LeftOutcomes {
 public:
  struct Left {
    std::uint32_t uid = 0;
    JobCookie cookie{};
    JobOutcome outcome;  ///< its result is gone with the session's memory
    core::TimePoint ended_at{};
    std::shared_ptr<JobCharge> charge;
  };

  void keep(Left left);
  /// Null: none, or the peer may not see it (as JobTable::shown_to).
  [[nodiscard]] const JobOutcome* shown_to(const Peer& peer, std::uint64_t id, const JobCookie& cookie) const;
  void expire(core::TimePoint now);
  [[nodiscard]] bool empty() const { return by_id_.empty(); }

 private:
  std::map<std::uint64_t, Left> by_id_;
  std::map<std::pair<std::uint32_t, JobCookie>, std::uint64_t> by_cookie_;
};

/// `outcome` without its result; if it had one, the job is lost.
[[nodiscard]] JobOutcome without_result(JobOutcome outcome);

}  // namespace ringmaster::daemon
