#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/jobs/home/home_source.h"
#include "daemon/jobs/job_asker.h"
#include "daemon/jobs/job_charge.h"
#include "daemon/jobs/job_placing.h"
#include "daemon/jobs/job_request.h"
#include "daemon/jobs/job_table.h"
#include "daemon/jobs/left_outcomes.h"
#include "daemon/jobs/outcome_delivery.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::daemon {

struct CheckedJob;

/// Jobs that come as messages. They go through sessions per pool and uid whose client is this supervisor, so that all
/// jobs take the same path, and workers give each uid its turns. An outcome stays in its slot for 60 s after the job's
/// end; a successor finds it there by its cookie, and unfinished jobs too. Delivered outcomes are dropped earlier when
/// slots or ring run short. What nobody has read when its pool goes is kept without its result. One thread.
class MessageJobs {
 public:
  /// REQUIRES: the daemon's ledger is open; session_gone() is called for each of the daemon's own sessions that ends.
  MessageJobs(EventLoop& loop, DaemonPort& daemon, Sessions& sessions);
  ~MessageJobs();
  MessageJobs(const MessageJobs&) = delete;
  MessageJobs& operator=(const MessageJobs&) = delete;

  void submit(const Peer& peer, SubmitRequest request, const JobAskerPtr& asker);
  void fetch(const Peer& peer, const FetchRequest& request, const JobAskerPtr& asker);
  /// Cancels a job, also one of a client's session.
  void cancel(const Peer& peer, const CancelRequest& request, const JobAskerPtr& asker);
  /// The connection's client has read the outcomes that were sent to it.
  void all_read(std::uint64_t connection);
  /// The connection has ended: outcomes that were not read are undelivered again.
  void connection_closed(std::uint64_t connection) { delivery_.connection_closed(connection); }

  /// Takes over a session of a dead supervisor: its jobs can be fetched, then it ends.
  void take_over(Session& session);
  /// Called before one of the daemon's own sessions is removed; all its jobs are terminal then.
  void session_gone(std::uint32_t serial);
  /// Answers those who wait for jobs that have ended; for the daemon's end.
  void look();
  [[nodiscard]] std::size_t unfinished() const { return jobs_.unfinished(); }

 private:
  using Charge = std::shared_ptr<JobCharge>;
  void submit_known(const Peer& peer, PoolPort& pool, const SubmitRequest& request, Charge charge,
                    const JobAskerPtr& asker);
  [[nodiscard]] OrRefusal<MessageJob*> accept(const Peer& peer, PoolPort& pool, const SubmitRequest& request,
                                              Charge charge);
  [[nodiscard]] OrRefusal<MessageJob*> commit(std::uint32_t uid, PoolPort& pool, const SubmitRequest& request,
                                              const CheckedJob& checked, Charge charge);
  void look(JobHome& home);
  void end(MessageJob& job, shm::SlotWord word);
  void leave(const MessageJob& job);
  void arm_sweep();
  void sweep();

  EventLoop& loop_;
  DaemonPort& daemon_;
  Sessions& sessions_;
  SessionHomes source_;
  JobTable jobs_;
  LeftOutcomes left_;
  JobPlacing placing_;
  OutcomeDelivery delivery_;
  std::optional<EventLoop::TimerId> sweep_timer_;
};

}  // namespace ringmaster::daemon
