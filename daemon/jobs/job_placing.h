#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/jobs/home/home_order.h"
#include "daemon/jobs/home/home_source.h"
#include "daemon/jobs/home/job_home.h"
#include "daemon/jobs/job_table.h"
#include "daemon/ports/request_refusal.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

struct PlacedAt {
  JobHome* home = nullptr;
  PlacedJob place;
};

/// Why a job has no place now.
struct NoPlace {
  enum class Why { Full, TooLittleMemory, NoSession };
  Why why = Why::Full;
  std::string no_session;  ///< what opening one said
};

/// A job of that pool that has no place, as its submitter is told.
[[nodiscard]] RequestRefusal refusal_of(const NoPlace& reason, const std::string& pool);

/// The sessions that jobs go through, one or a few for each pool and uid, and room in them. A ring gives its bytes back
/// from the oldest on, so that one long job blocks it: then the job goes through another session. Outcomes that
/// somebody has read give their place up where that helps, and before there are too many sessions. Owns the sessions'
/// homes; a predecessor's take no jobs and go with the last of theirs. One thread.
class JobPlacing {
 public:
  /// REQUIRES: all of them outlive it.
  JobPlacing(shm::LedgerRecord& ledger, JobTable& jobs, HomeSource& source)
      : ledger_(ledger), jobs_(jobs), source_(source) {}

  [[nodiscard]] boost::system::result<PlacedAt, NoPlace> place(std::uint32_t pool, std::uint32_t uid,
                                                               const JobToPlace& job);

  JobHome& take_over(std::unique_ptr<JobHome> home);
  [[nodiscard]] JobHome* find(std::uint32_t serial) const;
  void for_each(const std::function<void(JobHome&)>& visit) const;
  /// The session ends for another reason than ours.
  void gone(std::uint32_t serial);
  /// A session is closed when the last of its jobs is gone: its uid may never come again.
  void close_idle();

 private:
  [[nodiscard]] std::vector<JobHome*> homes_of(std::uint32_t pool, std::uint32_t uid) const;
  [[nodiscard]] Placing place_in(JobHome& home, const JobToPlace& job);
  [[nodiscard]] Result<JobHome*> open(std::uint32_t pool, std::uint32_t uid);
  void declare_deadline(Session& session, std::uint32_t run_timeout_ms);

  shm::LedgerRecord& ledger_;
  JobTable& jobs_;
  HomeSource& source_;
  std::map<std::uint32_t, std::unique_ptr<JobHome>> homes_;  ///< by session serial
  HomeOrder order_;
};

}  // namespace ringmaster::daemon
