#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/control/control_desk.h"
#include "daemon/control/control_server.h"
#include "daemon/control/socket/socket_guard.h"
#include "daemon/core/daemon/quota.h"
#include "daemon/core/daemon/refusal_pace.h"
#include "daemon/core/machine/cpu_count.h"
#include "daemon/incidents/stack_desk.h"
#include "daemon/jobs/job_desk.h"
#include "daemon/loop/keeper_link.h"
#include "daemon/pool/pool.h"
#include "daemon/ports/pool_gate.h"
#include "daemon/sessions/session_desk.h"
#include "daemon/supervisor/health_report.h"
#include "shm/mapping.h"

namespace ringmaster {

/// What the keeper started this process with.
struct SupervisorStart {
  config::Config config;    ///< workers of each pool resolved
  std::string config_text;  ///< as read, for successors
  std::string stock_text;   ///< config::remember_stock, for them too
  std::vector<std::string> warnings;
  std::string socket_path;
  core::CpuDecision cpus;
  UniqueFd keeper;
  keeper::InheritedTable table;
  bool cold = false;
};

/// The whole daemon's policy on one thread: wires keeper, pools, desks and the control socket together, takes up what a
/// predecessor left, says READY, and ends in order. Lives until the process ends.
class Supervisor final : public PoolHost, public DaemonGate {
 public:
  Supervisor(EventLoop& loop, SupervisorStart start);
  ~Supervisor() override;

  /// Everything up to serving; an Error's `code` is the exit code of the keeper's protocol.
  Result<void> run(std::function<void(int)> end);

  // PoolHost
  [[nodiscard]] EventLoop& loop() override { return loop_; }
  [[nodiscard]] KeeperLink& keeper() override { return keeper_; }
  [[nodiscard]] LedgerRecord& ledger_record() override { return *ledger_; }
  [[nodiscard]] SessionFates& sessions() override { return sessions_->fates(); }
  [[nodiscard]] const std::string& stock_worker() override { return stock_worker_; }
  [[nodiscard]] unsigned usable_cpus() const override { return start_.cpus.usable; }
  [[nodiscard]] WorkerCgroups& cgroups() override { return cgroups_; }
  [[nodiscard]] StackDesk& stacks() override { return *stacks_; }
  void pool_changed() override;

  // DaemonGate
  [[nodiscard]] PoolDirectory pools() const override { return PoolDirectory(gates_); }
  [[nodiscard]] LedgerRecord& ledger() override { return *ledger_; }
  [[nodiscard]] std::uint32_t supervisor_incarnation() const override { return start_.table.supervisor; }
  [[nodiscard]] std::uint64_t daemon_id() const override;
  [[nodiscard]] std::string refusal() const override;
  void deposit(std::span<const keeper::DepositLabel> labels, std::span<const int> fds,
               std::function<void(bool)> acked) override;
  void release(const keeper::ReleaseSelector& selector) override { keeper_.release(selector); }
  void stop() override;
  [[nodiscard]] DaemonView view() override;
  [[nodiscard]] HealthView health() override;
  void when_stack_named(std::uint64_t incident, core::Duration limit, std::function<void()> done) override {
    stacks_->when_named(incident, limit, std::move(done));
  }

 private:
  using Key = std::pair<keeper::DepositKind, std::pair<std::uint32_t, std::uint32_t>>;

  // supervisor_adoption.cc
  Result<void> open_ledger_segment();
  Result<void> open_listening();
  void hold_alive_mark();
  void deposit_listener(const Listener& listener);
  Result<void> open_pools();
  void open_cgroups();
  void adopt_workers();
  void adopt_sessions();
  void release_leftovers();
  UniqueFd take(keeper::DepositKind kind, std::uint32_t a, std::uint32_t b);
  [[nodiscard]] Pool* pool_of_worker(std::uint32_t worker);

  void on_exit(const keeper::ExitRecord& exit);
  void begin_end();
  void end_when_clear(unsigned tries);
  void end_when_sent(unsigned tries);
  [[nodiscard]] core::Health judge(core::HealthJudge& judge, core::TimePoint now) const;
  [[nodiscard]] std::vector<core::PoolSnapshot> snapshots() const;

  EventLoop& loop_;
  SupervisorStart start_;
  KeeperLink keeper_;
  WorkerCgroups cgroups_;
  core::QuotaBook quota_;
  core::RefusalPace refusal_pace_;
  std::map<Key, UniqueFd> inherited_;
  UniqueFd ledger_fd_;
  Mapping ledger_map_;
  LedgerRecord* ledger_ = nullptr;
  std::unique_ptr<SocketGuard> place_;
  UniqueFd alive_;  ///< see alive_mark.h
  std::string stock_worker_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<PoolGate*> gates_;
  std::unique_ptr<StackDesk> stacks_;
  std::unique_ptr<SessionDesk> sessions_;
  std::unique_ptr<JobDesk> jobs_;
  std::unique_ptr<ControlDesk> desk_;
  std::unique_ptr<ControlServer> server_;
  core::TimePoint started_{};
  bool ready_ = false;
  bool stopping_ = false;
  bool ending_ = false;
  HealthReport health_;
  std::function<void(int)> end_;
};

}  // namespace ringmaster
