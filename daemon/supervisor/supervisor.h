#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/control/control_server.h"
#include "daemon/control/requests/request_router.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/core/daemon/refusal_pace.h"
#include "daemon/incidents/stack_desk.h"
#include "daemon/jobs/message_jobs.h"
#include "daemon/loop/keeper_link.h"
#include "daemon/pool/pool.h"
#include "daemon/pools/created_pools.h"
#include "daemon/pools/pool_set.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/sessions.h"
#include "daemon/supervisor/health_report.h"
#include "daemon/supervisor/inherited_deposits.h"
#include "daemon/supervisor/ledger_segment.h"
#include "daemon/supervisor/readiness.h"
#include "daemon/supervisor/service_socket.h"
#include "daemon/supervisor/shutdown_hand.h"
#include "daemon/supervisor/supervisor_start.h"

namespace ringmaster::daemon {

/// Puts the daemon together, on one thread: the keeper's link, pools, sessions, jobs and the control socket. It makes
/// them take over from a predecessor (startup.h), reports READY (readiness.h) and ends them in order (shutdown_hand.h).
/// Lives until the process ends.
class Supervisor final : public PoolContext, public DaemonPort {
 public:
  Supervisor(EventLoop& loop, SupervisorStart start);
  ~Supervisor() override;

  /// Starts everything until requests are served. An Error's `code` is the exit code of the keeper's protocol.
  Result<void> run(std::function<void(int)> end);

  // PoolContext and DaemonPort
  [[nodiscard]] shm::LedgerRecord& ledger() override { return ledger_->record(); }

  // PoolContext
  [[nodiscard]] EventLoop& loop() override { return loop_; }
  [[nodiscard]] KeeperLink& keeper() override { return keeper_; }
  [[nodiscard]] SessionFates& sessions() override { return sessions_->fates(); }
  [[nodiscard]] ResultRooms& result_rooms() override { return sessions_->result_rooms(); }
  [[nodiscard]] RequestParcels& parcels() override { return sessions_->parcels(); }
  [[nodiscard]] const std::string& stock_worker() override { return stock_worker_; }
  [[nodiscard]] unsigned usable_cpus() const override { return start_.cpus.usable; }
  [[nodiscard]] WorkerCgroups& cgroups() override { return cgroups_; }
  [[nodiscard]] StackDesk& stacks() override { return *stacks_; }
  void pool_changed() override;

  // DaemonPort
  [[nodiscard]] PoolDirectory pools() const override { return PoolDirectory(pools_.gates()); }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return start_.table.supervisor; }
  [[nodiscard]] std::uint64_t daemon_id() const override;
  [[nodiscard]] std::string refusal() const override;
  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
               std::function<void(bool)> acked) override;
  void release(const keeper::ReleaseSelector& selector) override { keeper_.release(selector); }
  void stop() override { shutdown_.request(); }
  [[nodiscard]] DaemonView view(const Viewer& viewer) override;
  [[nodiscard]] HealthView health(const Viewer& viewer) override;
  void when_stack_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) override {
    stacks_->when_named(incident, limit, std::move(done));
  }

 private:
  Result<void> check_programs() const;
  Result<void> open_ledger();
  void listen_to_keeper();
  void serve();
  void on_exit(const keeper::ExitRecord& exit);
  void say_ready();
  void begin_stop();
  [[nodiscard]] bool work_ended();
  [[nodiscard]] core::Health judge(core::HealthJudge& judge, core::TimePoint now) const;
  [[nodiscard]] ShutdownHand make_shutdown();

  EventLoop& loop_;
  SupervisorStart start_;
  core::TimePoint started_{};
  InheritedDeposits inherited_;
  KeeperLink keeper_;
  WorkerCgroups cgroups_;
  core::QuotaBook quota_;
  core::RefusalPace refusal_pace_;
  std::string stock_worker_;
  std::optional<LedgerSegment> ledger_;
  ServiceSocket socket_;
  PoolSet pools_;
  std::unique_ptr<StackDesk> stacks_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<MessageJobs> jobs_;
  std::unique_ptr<CreatedPools> created_;
  std::unique_ptr<RequestRouter> desk_;
  std::unique_ptr<ControlServer> server_;
  HealthReport health_;
  Readiness readiness_;
  ShutdownHand shutdown_;
  std::function<void(int)> end_;
};

}  // namespace ringmaster::daemon
