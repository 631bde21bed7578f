#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/core/job/delivery_book.h"
#include "daemon/jobs/job_asker.h"
#include "daemon/jobs/job_table.h"
#include "daemon/jobs/job_waiters.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

/// Delivers outcomes to those who ask: at once, when the job ends, or when their connection has room; and follows each
/// until it is read. The uid is charged until its outcome is delivered. An outcome that is lost on its way is
/// undelivered again; one that has been read is forgotten by successors. One thread.
class OutcomeDelivery {
 public:
  /// Opens a result that outgrew its extent.
  using OpenSpilled = std::function<Result<UniqueFd>(std::uint32_t serial, std::uint32_t seq, std::uint64_t bytes)>;
  /// REQUIRES: all of them outlive it, and it outlives the connections that it waits for.
  OutcomeDelivery(shm::LedgerRecord& ledger, JobTable& jobs, core::QuotaBook& quota, OpenSpilled open_spilled)
      : ledger_(ledger), jobs_(jobs), quota_(quota), open_spilled_(std::move(open_spilled)) {}

  /// Answers with the job's outcome; if there is none yet, waits for it, or says so if `wait` is false.
  void answer(MessageJob& job, const JobAskerPtr& asker, bool wait);
  /// The job has ended: those who wait get the outcome.
  void ended(MessageJob& job);
  /// The job is about to be removed: those who still wait for room get the outcome now.
  void deliver_last(MessageJob& job);
  /// For one whose session is about to go.
  [[nodiscard]] JobOutcome outcome_of(const MessageJob& job);
  /// The client has read all outcomes that were sent on this connection. True: jobs of predecessors' sessions were
  /// dropped.
  bool all_read(std::uint64_t connection);
  /// The connection has ended: its requests are dropped, and outcomes that were not read are undelivered again.
  void connection_closed(std::uint64_t connection);
  /// Charges the uid for an undelivered outcome, even above the limits.
  [[nodiscard]] std::shared_ptr<JobCharge> charge_again(const MessageJob& job);

 private:
  void deliver_when_room(MessageJob& job, const JobAskerPtr& asker);
  void deliver(MessageJob& job, JobAsker& asker);
  void add_spilled(const MessageJob& job, JobOutcome& outcome) const;
  void undeliver(std::uint64_t id);
  bool settle(std::uint64_t id);

  shm::LedgerRecord& ledger_;
  JobTable& jobs_;
  core::QuotaBook& quota_;
  const OpenSpilled open_spilled_;
  core::DeliveryBook deliveries_;
  JobWaiters waiters_;
};

/// The refusal for an id or cookie for which there is no job.
[[nodiscard]] RequestRefusal unknown_job();

}  // namespace ringmaster::daemon
