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
#include "daemon/ports/visible_to.h"
#include "proto/handler_table.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

struct Session;

/// What sessions, jobs and control need of one pool; class Pool implements it, tests fake it. The supervisor's one
/// thread. A callback is never called within the call that it was passed to; it is called exactly once, unless the port
/// is destroyed first.
class PoolPort {
 public:
  using Callback = std::function<void()>;

  virtual ~PoolPort() = default;

  [[nodiscard]] virtual const config::PoolConfig& config() const = 0;
  [[nodiscard]] virtual std::uint32_t index() const = 0;  ///< in the configuration
  [[nodiscard]] virtual int board_fd() const = 0;
  [[nodiscard]] virtual shm::BoardRecord& board() = 0;

  /// Why jobs and sessions are refused, in one sentence ("pool \"images\" is draining"); empty: they are not.
  [[nodiscard]] virtual std::string refusal() const = 0;
  /// The same for one user, whose jobs may have ended too many workers of this pool.
  [[nodiscard]] virtual std::string refusal_of(std::uint32_t uid) const = 0;

  /// Handlers are known once a worker of the pool has been ready; they stay known.
  [[nodiscard]] virtual bool handlers_known() const = 0;
  [[nodiscard]] virtual std::span<const HandlerDescription> handlers() const = 0;
  /// Calls back when the handlers are known, or when the pool's start has failed for now (quarantine, start timeout).
  virtual void when_handlers_known(Callback done) = 0;
  /// A worker that starts has told them, and may still be starting; they stay told.
  [[nodiscard]] virtual bool handlers_told() const = 0;
  /// Calls back when they are told, or likewise when the pool's start has failed.
  virtual void when_handlers_told(Callback done) = 0;

  /// Attaches the session to every worker that is ready, and to each that becomes ready until detach. `done`: all have
  /// been told; a busy worker attaches it after its job. Attaching a session that a worker has is harmless.
  virtual void attach(const Session& session, Callback done) = 0;
  /// Detaches it from all workers. `done`: no worker process has it mapped any more (they have answered, or are
  /// fenced). A worker that runs a job of the session answers after that job.
  virtual void detach(std::uint16_t index, std::uint32_t serial, Callback done) = 0;
  /// Asks the handler of a running job to stop, if a worker of this pool runs it (its control segment's cancel word).
  virtual void cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) = 0;
  /// Cancels a running job by force: if it has not ended after `grace`, its worker is killed, whatever its handler
  /// does.
  virtual void force_end(const shm::Intent& job, core::Duration grace) = 0;
  /// Tells all workers that there may be work; or tells one worker of a job that was just published.
  virtual void call() = 0;
  virtual void call(const Session& session) = 0;

  /// Takes no new jobs; queued and running ones still end normally. `done` gets an empty text when nothing is queued or
  /// running, or the reason why that will not happen: the pool was resumed or stopped.
  using DrainDone = std::function<void(const std::string& why_not)>;
  virtual void drain(DrainDone done) = 0;
  virtual void resume() = 0;

  /// Everything but `queued` and `running`.
  [[nodiscard]] virtual PoolView view() const = 0;
};

/// What sessions, jobs and control need of the whole daemon. The same rules as for PoolPort.
class DaemonPort : public Deposits {
 public:
  [[nodiscard]] virtual PoolDirectory pools() const = 0;
  [[nodiscard]] virtual shm::LedgerRecord& ledger() = 0;
  [[nodiscard]] virtual std::uint32_t supervisor_incarnation() const = 0;  ///< from 1
  [[nodiscard]] virtual std::uint64_t daemon_id() const = 0;               ///< a cold start gets a new one

  /// Why the daemon takes no new work; empty: it does.
  [[nodiscard]] virtual std::string refusal() const = 0;

  /// Begins the orderly end of the daemon (as SIGTERM does).
  virtual void stop() = 0;

  /// Calls `done`, now or later, when the names in an incident's stack are known or will not be, or after `limit`.
  virtual void when_stack_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) = 0;

  /// For a viewer: figures are sums over the pools that it may see.
  [[nodiscard]] virtual DaemonView view(const Viewer& viewer) = 0;
  [[nodiscard]] virtual HealthView health(const Viewer& viewer) = 0;
};

}  // namespace ringmaster::daemon
