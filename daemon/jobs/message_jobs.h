#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/daemon/quota.h"
#include "daemon/core/job/delivery_book.h"
#include "daemon/jobs/job_charge.h"
#include "daemon/jobs/job_waiters.h"
#include "daemon/jobs/message_session.h"
#include "daemon/ports/control_types.h"
#include "daemon/ports/pool_gate.h"
#include "daemon/sessions/session_desk.h"

namespace ringmaster {

namespace control::v1 {
class Cancel;
class Fetch;
class Submit;
}  // namespace control::v1

/// Jobs that come as messages. They go through a session per pool and uid whose client is this supervisor, so that
/// there is one path for jobs, and workers give each uid its turns. An outcome stays in its slot for 60 s after the
/// end: a successor finds it there by its cookie, as it finds the jobs that still run. Delivered outcomes make room
/// earlier when slots or ring run short; where a job that still runs blocks its ring, the jobs that follow go through
/// another session. One thread.
class MessageJobs {
 public:
  MessageJobs(EventLoop& loop, DaemonGate& daemon, SessionDesk& sessions);
  ~MessageJobs();

  void submit(const Peer& peer, const control::v1::Submit& request, Responder respond);
  void fetch(const Peer& peer, const control::v1::Fetch& request, Responder respond);
  /// Jobs of sessions too.
  void cancel(const Peer& peer, const control::v1::Cancel& request, Responder respond);
  /// The outcomes that were on their way to it have arrived.
  void all_read(std::uint64_t connection);
  /// Nobody at it waits any more, nor reads: what was on its way to it is undelivered again.
  void connection_closed(std::uint64_t connection);

  /// A session that a dead supervisor submitted through: its jobs can be fetched, then it ends.
  void take_over(Session& session);
  /// Answers whoever waits for a job that has ended; for the daemon's last moments.
  void look();
  [[nodiscard]] std::size_t unfinished() const;

 private:
  using Cookie = std::array<std::uint64_t, 2>;
  struct Job {
    std::uint64_t id = 0;
    std::uint32_t uid = 0;
    Cookie cookie{};
    MessageSession* home = nullptr;
    PlacedJob place;
    std::uint64_t result_capacity = 0;
    std::uint64_t submitted_ns = 0;
    std::optional<SlotWord> end;
    core::TimePoint ended_at{};
    bool delivered = false;             ///< given to somebody, and not lost on its way
    bool settled = false;               ///< somebody has read it
    std::shared_ptr<JobCharge> charge;  ///< while the outcome is not delivered
    /// Who waited when it ended and has not got the outcome yet: their connections have no room.
    std::vector<std::weak_ptr<Responder>> due;

    [[nodiscard]] bool is_due() const {
      return std::any_of(due.begin(), due.end(), [](const auto& one) { return !one.expired(); });
    }
  };
  using Key = std::pair<std::uint32_t, Cookie>;

  /// A job on its way into a ring.
  struct Parcel {
    JobDescriptor descriptor;
    std::string_view payload;
    std::span<const std::byte> arguments;
    std::uint64_t capacity;
  };
  struct Placed {
    MessageSession* home;
    PlacedJob place;
  };

  void do_submit(const Peer& peer, PoolGate& pool, const control::v1::Submit& request,
                 std::shared_ptr<JobCharge> charge, const Responder& respond);
  Job* job_of(const Peer& peer, std::uint64_t id, const Cookie& cookie);
  void settle(std::uint64_t id);
  void undeliver(std::uint64_t id);
  [[nodiscard]] std::shared_ptr<JobCharge> charge_again(std::uint32_t uid, const JobDescriptor& job);
  void answer(Job& job, const Responder& respond, bool wait);
  void deliver(Job& job, const Responder& respond);
  void deliver_when_room(Job& job, const Responder& respond);
  void look(MessageSession& home);
  void end(Job& job, SlotWord word);
  void drop(std::uint64_t id);

  // job_placing.cc
  std::optional<Placed> place(PoolGate& pool, std::uint32_t uid, const Parcel& parcel, Error& why);
  std::optional<PlacedJob> place_in(MessageSession& home, const Parcel& parcel, Shortage& shortage);
  std::vector<MessageSession*> homes_of(const PoolGate& pool, std::uint32_t uid);
  MessageSession* open_home(PoolGate& pool, std::uint32_t uid, std::string& why);
  void declare_deadline(MessageSession& home, std::uint32_t run_timeout_ms);
  bool make_room(MessageSession& home, Shortage shortage);
  void home_gone(std::uint32_t serial);
  [[nodiscard]] std::size_t own_homes() const;
  void leave_pools(std::uint32_t serial);  ///< takes no more jobs
  void sweep();
  void close_idle_homes();

  // takeover.cc
  [[nodiscard]] std::optional<Job> job_left_in(const Session& session, std::uint32_t slot);
  void cancel_in_session(const Peer& peer, std::uint64_t id, const Responder& respond);

  EventLoop& loop_;
  DaemonGate& daemon_;
  SessionDesk& sessions_;
  std::map<std::uint32_t, std::unique_ptr<MessageSession>> homes_;  ///< by session serial
  /// Pool and uid → serials of their sessions that take jobs, the one that the next job is tried in last.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> own_;
  std::map<std::uint64_t, Job> jobs_;
  std::map<Key, std::uint64_t> by_cookie_;
  core::DeliveryBook deliveries_;
  JobWaiters waiters_;
  std::optional<EventLoop::TimerId> sweep_timer_;
};

}  // namespace ringmaster
