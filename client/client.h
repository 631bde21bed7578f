#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
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
/// threads, except that one PendingJob, Request or Outcome belongs to one thread at a time. In a forked child every
/// call refuses.
namespace ringmaster {

/// A submitted job. Destroying it before its outcome was taken cancels the job.
class PendingJob {
 public:
  PendingJob() = default;
  PendingJob(std::shared_ptr<client::SessionCore> core, std::uint32_t record)
      : core_(std::move(core)), record_(record) {}
  PendingJob(PendingJob&&) noexcept = default;
  PendingJob& operator=(PendingJob&& other) noexcept;
  ~PendingJob() {
    if (core_) abandon();
  }

  /// False once its outcome has been taken.
  explicit operator bool() const noexcept { return core_ != nullptr; }
  /// As status and logs show it. Changes when the job is asked once more with a larger result.
  [[nodiscard]] std::uint64_t id() const;
  /// True when wait() would not block.
  [[nodiscard]] bool ended() const;
  /// Blocks until the job has ended. REQUIRES: the outcome has not been taken.
  [[nodiscard]] Outcome wait();
  /// The same for at most `limit`; nullopt: not yet.
  [[nodiscard]] std::optional<Outcome> wait_for(Duration limit);
  /// Asks for the end: a queued job ends at once; a running handler that listens has its pool's grace for that, one
  /// that does not runs on until its deadline. wait() tells what became of it.
  void cancel();

 private:
  friend class Session;
  void abandon() noexcept;
  std::shared_ptr<client::SessionCore> core_;
  std::uint32_t record_ = 0;
};

/// A client's shared memory with one pool: many jobs in flight, from several threads. The job's path needs no daemon
/// connection: it survives a restart of the supervisor. Destroying it cancels what is in flight.
class Session {
 public:
  Session(std::shared_ptr<client::SessionCore> core, std::shared_ptr<client::ControlLink> link);
  Session(Session&&) noexcept = default;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  /// `bytes` of request memory, for at most `wait_for_room` waited for.
  [[nodiscard]] Submission<Request> allocate(std::size_t bytes, Duration wait_for_room = Duration(0));
  /// Publishes the job. `request` is taken only on success; Request{} is an empty one.
  [[nodiscard]] Submission<PendingJob> submit(std::string_view handler, Request&& request,
                                              const Arguments& arguments = {}, const SubmitOptions& options = {});
  /// The same with a copy of `payload`.
  [[nodiscard]] Submission<PendingJob> submit(std::string_view handler, std::span<const std::byte> payload,
                                              const Arguments& arguments = {}, const SubmitOptions& options = {});
  /// The index of one of this session's `jobs` that has ended; nullopt: none within `limit`. Spent jobs are passed
  /// over.
  [[nodiscard]] std::optional<std::size_t> wait_any(std::span<PendingJob> jobs, Duration limit = kForever);

  /// Where a job was when it took its worker along: asks the daemon and fills worker, stack, what and core of the
  /// outcome's facts. Names of functions come a moment after the job's end; `limit` bounds the wait for them. Without
  /// an answer the outcome stays as it is.
  void explain(Outcome& outcome, Duration limit = std::chrono::milliseconds(300)) const;

  /// An eventfd that becomes readable when jobs have ended since it was last read; starts a thread on the first call.
  /// Read it, then ask PendingJob::ended() or wait_any() with limit 0. Owned by the session.
  [[nodiscard]] Result<int> event_fd();

  /// What the pool can do; empty if no worker had been ready when the session opened.
  [[nodiscard]] const std::vector<HandlerDescription>& handlers() const;
  [[nodiscard]] std::uint32_t slots() const;
  /// Asks the daemon whether it still knows this session, reconnecting if need be.
  [[nodiscard]] Result<void> check();
  /// Cancels what is in flight and gives everything back but the memory of live Outcomes.
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
  /// Runs one job without shared memory: payload and result travel as messages, up to 1 MiB each. Survives a restart of
  /// the supervisor: the outcome is fetched, and the job is sent again only if it never arrived. Where that cannot be
  /// known (another daemon answers now, or more than a minute has passed), a job that is not idempotent is Lost.
  [[nodiscard]] Result<Outcome> run(const std::string& pool, const std::string& handler,
                                    std::span<const std::byte> payload, const Arguments& arguments = {},
                                    const SubmitOptions& options = {});
  /// As Session::explain.
  void explain(Outcome& outcome, Duration limit = std::chrono::milliseconds(300)) const;
  /// Of one pool, or of all (empty name).
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
