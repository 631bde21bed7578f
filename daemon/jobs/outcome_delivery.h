#pragma once

#include <cstdint>
#include <memory>

#include "daemon/core/daemon/quota.h"
#include "daemon/core/job/delivery_book.h"
#include "daemon/jobs/job_asker.h"
#include "daemon/jobs/job_table.h"
#include "daemon/jobs/job_waiters.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// Brings outcomes to those who ask: now, when the job ends, or when their connection has room; and follows each until
/// it is known to be read. Until it is delivered its uid pays for it; lost on its way it is undelivered again; read, no
/// successor needs to know of it. One thread.
class OutcomeDelivery {
 public:
  /// REQUIRES: all of them outlive it, and it outlives the connections that it waits for.
  OutcomeDelivery(shm::LedgerRecord& ledger, JobTable& jobs, core::QuotaBook& quota)
      : ledger_(ledger), jobs_(jobs), quota_(quota) {}

  /// Who asks for the job is told its outcome, or, unless it waits, that there is none yet.
  void answer(MessageJob& job, const JobAskerPtr& asker, bool wait);
  /// The job has ended: whoever waits for it gets the outcome.
  void ended(MessageJob& job);
  /// The job goes, and there is no later: whoever is due gets the outcome, with room or without.
  void deliver_last(MessageJob& job);
  /// What was on its way to the connection has arrived. True: jobs were dropped, those of predecessors' sessions.
  bool all_read(std::uint64_t connection);
  /// Nobody at it waits any more, nor reads.
  void connection_closed(std::uint64_t connection);
  /// Accepted is accepted, whatever the limits are by now.
  [[nodiscard]] std::shared_ptr<JobCharge> charge_again(const MessageJob& job);

 private:
  void deliver_when_room(MessageJob& job, const JobAskerPtr& asker);
  void deliver(MessageJob& job, JobAsker& asker);
  [[nodiscard]] JobOutcome outcome_of(const MessageJob& job);
  void undeliver(std::uint64_t id);
  bool settle(std::uint64_t id);

  shm::LedgerRecord& ledger_;
  JobTable& jobs_;
  core::QuotaBook& quota_;
  core::DeliveryBook deliveries_;
  JobWaiters waiters_;
};

/// An id or a cookie that finds no job.
[[nodiscard]] RequestRefusal unknown_job();

}  // namespace ringmaster::daemon
