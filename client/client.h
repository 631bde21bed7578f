#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/created_pool.h"
#include "client/pending_job.h"
#include "client/types/options.h"
#include "client/types/outcome.h"
#include "client/types/refusal.h"
#include "client/types/request.h"
#include "proto/args.h"
#include "proto/handler_table.h"

namespace ringmaster::client {
class ControlLink;
class SessionCore;
}  // namespace ringmaster::client

/// The client library of ringmaster. No Asio, no Protobuf. All types are move-only and may be used from several
/// threads, but a single PendingJob, Request or Outcome only from one thread at a time. In a forked child every call
/// fails.
namespace ringmaster {

/// Memory that a client shares with one pool: for many jobs in flight, from several threads. Jobs need no connection to
/// the daemon, so a session survives a restart of the supervisor. Destroying it cancels the jobs in flight.
///
/// A result that outgrows its room lies in memory of its own, which the daemon makes and the wait for the job fetches
/// over the socket: that can take longer than the wait's limit. Without that word of the daemon the job is Lost.
class Session {
 public:
  Session(std::shared_ptr<client::SessionCore> core, std::shared_ptr<client::ControlLink> link);
  Session(Session&&) noexcept = default;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  /// `bytes` of request memory; waits for it for at most `wait_for_room`. More than the session's request ring can ever
  /// hold is asked of the daemon: that takes longer.
  [[nodiscard]] Submission<Request> allocate(std::size_t bytes, Duration wait_for_room = Duration(0));
  /// Whether allocate() does that for so many bytes: it waits for the answer whatever `wait_for_room` is.
  [[nodiscard]] bool asks_daemon(std::size_t bytes) const noexcept;
  /// Publishes the job. `request` is taken only on success; Request{} is an empty one. One that leaves no room in the
  /// session's ring for the arguments is copied into memory that the daemon is asked for, as in allocate().
  [[nodiscard]] Submission<PendingJob> submit(std::string_view handler, Request&& request,
                                              const Arguments& arguments = {}, const SubmitOptions& options = {});
  /// The same with a copy of `payload`.
  [[nodiscard]] Submission<PendingJob> submit(std::string_view handler, std::span<const std::byte> payload,
                                              const Arguments& arguments = {}, const SubmitOptions& options = {});

  /// Submits a job without a PendingJob, mostly for event loops: next() returns its outcome, once, with
  /// options.cookie, to whichever thread calls it. Returns the job's id.
  [[nodiscard]] Submission<std::uint64_t> post(std::string_view handler, Request&& request,
                                               const Arguments& arguments = {}, const SubmitOptions& options = {});
  [[nodiscard]] Submission<std::uint64_t> post(std::string_view handler, std::span<const std::byte> payload,
                                               const Arguments& arguments = {}, const SubmitOptions& options = {});
  /// The outcome of the posted job that was found ended first, or a message of one; waits for one for at most `limit`.
  /// The cost does not depend on the number of jobs in flight. A job's messages come before its outcome. If the session
  /// is closed or the daemon is gone, every posted job has an outcome at once. nullopt: no job has ended within
  /// `limit`, or over() and all outcomes have been returned.
  [[nodiscard]] std::optional<Ended> next(Duration limit = kForever);
  /// The same, filled into `ended`, which is default-constructed. False stands for nullopt.
  [[nodiscard]] bool next(Ended& ended, Duration limit = kForever);
  /// As next(ended, 0), but waits for nothing, the daemon neither: a result that outgrew its room is left with it
  /// (is_away()) until fetch(), which any thread may call.
  [[nodiscard]] bool poll(Ended& ended);
  [[nodiscard]] static bool is_away(const Outcome& outcome) noexcept;
  /// Fetches such a result, and does nothing to other outcomes. Without an answer the outcome is Lost.
  void fetch(Outcome& outcome);
  /// For event loops, each time before they sleep: spins for at most `budget` until a posted job has ended. Returns at
  /// once if no job is in flight, or if spinning has not helped lately, because jobs take longer or because the machine
  /// has no free CPU. True: next() has an outcome. False: event_fd() tells of what ends from now on. Once this has been
  /// called it tells of nothing else, so that what ends while the program is awake wakes nobody. next() spins in the
  /// same way before it sleeps, with the session's budget.
  [[nodiscard]] bool spin(Duration budget);
  /// Cancels posted jobs with that cookie as PendingJob::cancel does; next() still returns their outcomes. False: no
  /// job with that cookie is queued or running.
  bool cancel(std::uint64_t cookie);
  /// The same by force, as PendingJob::cancel(Force). False: no such job, or the daemon gave no word.
  bool cancel(std::uint64_t cookie, const Force& force);
  /// The session is closed or the daemon is gone, and next() has returned every outcome: nothing more will come.
  [[nodiscard]] bool over() const;

  /// The index of one of this session's `jobs` that has ended; nullopt: none within `limit`. Jobs whose outcome has
  /// been taken are skipped.
  [[nodiscard]] std::optional<std::size_t> wait_any(std::span<PendingJob> jobs, Duration limit = kForever);

  /// Asks the daemon where a job was when its worker died over it, and fills worker, stack, what and core of the
  /// outcome's facts. Names of functions are known a moment after the job's end; waits for them for at most `limit`.
  /// Without an answer the outcome is unchanged.
  void explain(Outcome& outcome, Duration limit = std::chrono::milliseconds(300)) const;

  /// An eventfd that becomes readable when jobs have ended, or sent messages, since it was last read; starts a thread
  /// on the first call. Read it, then call next() with limit 0 until it returns nullopt, or use PendingJob::ended() or
  /// wait_any(). Owned by the session.
  [[nodiscard]] Result<int> event_fd();

  /// The pool's handlers; empty if no worker had been ready when the session opened.
  [[nodiscard]] const std::vector<HandlerDescription>& handlers() const;
  [[nodiscard]] std::uint32_t slots() const;
  /// Asks the daemon whether it still knows this session, reconnecting if need be.
  [[nodiscard]] Result<void> check();
  /// Cancels the jobs in flight and frees everything but the memory of existing Outcomes.
  void close();

 private:
  std::shared_ptr<client::SessionCore> core_;
  std::shared_ptr<client::ControlLink> link_;
};

/// A daemon's socket. Connections are made when needed and again after a restart.
class Client {
 public:
  /// Fails when no daemon answers; the message says which socket was tried and how to start one.
  [[nodiscard]] static Result<Client> connect(const ConnectOptions& options = {});

  [[nodiscard]] Result<Session> open(const std::string& pool, const SessionOptions& options = {});
  /// Runs one job without shared memory: payload and result are sent as messages, up to 1 MiB each. Survives a restart
  /// of the supervisor: the outcome is fetched, and the job is sent again only if it never arrived. If that cannot be
  /// known (another daemon answers now, or more than a minute has passed), a job that is not idempotent is Lost. A
  /// larger payload goes through shared memory of its own.
  [[nodiscard]] Result<Outcome> run(const std::string& pool, const std::string& handler,
                                    std::span<const std::byte> payload, const Arguments& arguments = {},
                                    const SubmitOptions& options = {});
  /// A pool of this program's own (CreatedPool), where the daemon allows it ([limits] pools_per_uid). `name`: 1 to 32
  /// letters, digits, - and _. An Error lists everything that is wrong with its configuration.
  [[nodiscard]] Result<CreatedPool> create_pool(const std::string& name, const PoolOptions& options);
  /// As Session::explain.
  void explain(Outcome& outcome, Duration limit = std::chrono::milliseconds(300)) const;
  /// The handlers of one pool, or of all (empty name).
  [[nodiscard]] Result<std::vector<PoolHandlers>> handlers(const std::string& pool = {});
  [[nodiscard]] const std::string& socket() const noexcept { return options_.socket; }
  /// The control connection, for programs that speak the protocol themselves (client/control/control_link.h).
  [[nodiscard]] client::ControlLink& link() const noexcept { return *link_; }

 private:
  Client(ConnectOptions options, std::shared_ptr<client::ControlLink> link);
  ConnectOptions options_;
  std::shared_ptr<client::ControlLink> link_;
};

}  // namespace ringmaster
