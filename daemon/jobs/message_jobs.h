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
#include "daemon/jobs/outcome_delivery.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/peer.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"

namespace ringmaster::daemon {

struct CheckedJob;

/// Jobs that come as messages. They go through a session per pool and uid whose client is this supervisor, so that
/// there is one path for jobs, and workers give each uid its turns. An outcome stays in its slot for 60 s after the
/// end: a successor finds it there by its cookie, as it finds the jobs that still run. Delivered outcomes make room
/// earlier when slots or ring run short. One thread.
class MessageJobs {
 public:
  /// REQUIRES: the daemon's ledger is open; session_gone() is called of each session of the daemon's own that ends.
  MessageJobs(EventLoop& loop, DaemonPort& daemon, Sessions& sessions);
  ~MessageJobs();
  MessageJobs(const MessageJobs&) = delete;
  MessageJobs& operator=(const MessageJobs&) = delete;

  void submit(const Peer& peer, SubmitRequest request, const JobAskerPtr& asker);
  void fetch(const Peer& peer, const FetchRequest& request, const JobAskerPtr& asker);
  /// Jobs of sessions too.
  void cancel(const Peer& peer, const CancelRequest& request, const JobAskerPtr& asker);
  /// The outcomes that were on their way to it have arrived.
  void all_read(std::uint64_t connection);
  /// Nobody at it waits any more, nor reads: what was on its way to it is undelivered again.
  void connection_closed(std::uint64_t connection) { delivery_.connection_closed(connection); }

  /// A session that a dead supervisor submitted through: its jobs can be fetched, then it ends.
  void take_over(Session& session);
  /// A session of the daemon's own is about to be destroyed, all its jobs being terminal.
  void session_gone(std::uint32_t serial);
  /// Answers whoever waits for a job that has ended; for the daemon's last moments.
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
  void arm_sweep();
  void sweep();

  EventLoop& loop_;
  DaemonPort& daemon_;
  Sessions& sessions_;
  SessionHomes source_;
  JobTable jobs_;
  JobPlacing placing_;
  OutcomeDelivery delivery_;
  std::optional<EventLoop::TimerId> sweep_timer_;
};

}  // namespace ringmaster::daemon
