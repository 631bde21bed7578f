#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/ports/deposits.h"
#include "daemon/ports/pool_directory.h"
#include "daemon/ports/status_view.h"
#include "proto/handler_table.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

struct Session;

/// What the client-facing side needs of one pool; the pool side implements it, tests fake it. One thread, the
/// supervisor's. Callbacks are never called from within the call they were given to, and each exactly once unless the
/// port is destroyed first.
class PoolPort {
 public:
  using Callback = std::function<void()>;

  virtual ~PoolPort() = default;

  [[nodiscard]] virtual const config::PoolConfig& config() const = 0;
  [[nodiscard]] virtual std::uint32_t index() const = 0;  ///< in the configuration
  [[nodiscard]] virtual int board_fd() const = 0;
  [[nodiscard]] virtual shm::BoardRecord& board() = 0;

  /// Empty: jobs and sessions are welcome. Else why not, in one sentence ("pool \"images\" is draining").
  [[nodiscard]] virtual std::string refusal() const = 0;
  /// Likewise for one user: why not, where its jobs have ended too many workers of this pool.
  [[nodiscard]] virtual std::string refusal_of(std::uint32_t uid) const = 0;

  /// Handlers are known once a worker of the pool has been ready; they stay known.
  [[nodiscard]] virtual bool handlers_known() const = 0;
  [[nodiscard]] virtual std::span<const HandlerDescription> handlers() const = 0;
  /// Calls back when the handlers are known, or when the pool's start has failed for now (quarantine, start timeout).
  virtual void when_handlers_known(Callback done) = 0;

  /// Gives the session to every worker that is ready, and to each that becomes ready until detach. `done`: it is on its
  /// way to all of them; a busy worker takes it after its job. Attaching a session that a worker has is harmless.
  virtual void attach(const Session& session, Callback done) = 0;
  /// Takes it from all workers. `done`: no worker process has it mapped any more (acknowledged, or fenced). A worker
  /// that runs a job of the session answers after that job.
  virtual void detach(std::uint16_t index, std::uint32_t serial, Callback done) = 0;
  /// Asks the handler of a running job to stop, if a worker of this pool runs it (its control segment's cancel word).
  virtual void cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) = 0;
  /// Tells the workers that there may be work that nobody was told of, or one of them of a job just published.
  virtual void call() = 0;
  virtual void call(const Session& session) = 0;

  /// No new jobs; queued and running ones end as they would. `done`: nothing is queued or running (an empty text), or
  /// why that will not come: resumed or stopped before.
  using DrainDone = std::function<void(const std::string& why_not)>;
  virtual void drain(DrainDone done) = 0;
  virtual void resume() = 0;

  /// Everything but `queued` and `running`.
  [[nodiscard]] virtual PoolView view() const = 0;
};

/// What the client-facing side needs of the daemon as a whole. Same rules.
class DaemonPort : public Deposits {
 public:
  [[nodiscard]] virtual PoolDirectory pools() const = 0;
  [[nodiscard]] virtual shm::LedgerRecord& ledger() = 0;
  [[nodiscard]] virtual std::uint32_t supervisor_incarnation() const = 0;  ///< from 1
  [[nodiscard]] virtual std::uint64_t daemon_id() const = 0;               ///< another one after each cold start

  /// Empty: the daemon takes new work. Else why not.
  [[nodiscard]] virtual std::string refusal() const = 0;

  /// Begins the orderly end of the daemon (as SIGTERM does).
  virtual void stop() = 0;

  /// Calls back, now or later, when nothing more will be known of an incident's stack, or after `limit`.
  virtual void when_stack_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) = 0;

  [[nodiscard]] virtual DaemonView view() = 0;
  [[nodiscard]] virtual HealthView health() = 0;
};

}  // namespace ringmaster::daemon
