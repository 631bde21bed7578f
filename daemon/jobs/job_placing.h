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

/// Why there is no place for a job now.
struct NoPlace {
  enum class Why { Full, TooLittleMemory, NoSession };
  Why why = Why::Full;
  std::string no_session;  ///< the error of opening a session
};

/// The refusal for a job of that pool for which there is no place.
[[nodiscard]] RequestRefusal refusal_of(const NoPlace& reason, const std::string& pool);

/// Finds room for jobs in the sessions that they go through: one or a few per pool and uid. A ring frees its bytes only
/// from the oldest on, so one long job can block it: then the next job goes through another session. Delivered outcomes
/// are dropped if that makes room, and before too many sessions are opened. Owns the JobHomes of the sessions; those of
/// a predecessor take no jobs and end with their last job. One thread.
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
  /// A session ends that this class did not close.
  void gone(std::uint32_t serial);
  /// Closes each session whose last job is gone: its uid may never come again.
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
