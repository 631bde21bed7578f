#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/cgroup_facts.h"
#include "daemon/core/drain.h"
#include "daemon/core/health.h"
#include "daemon/core/kill_ladder.h"
#include "daemon/core/pool_plan.h"
#include "daemon/core/restart_policy.h"
#include "daemon/core/run_watch.h"
#include "daemon/supervisor/keeper_link.h"
#include "daemon/supervisor/pool_gate.h"
#include "daemon/supervisor/pool_parts.h"
#include "daemon/supervisor/work_bell.h"
#include "daemon/supervisor/worker_cgroups.h"
#include "daemon/supervisor/worker_process.h"
#include "shm/reap.h"
#include "shm/verdict.h"

namespace ringmaster {

class SessionDesk;

/// What a pool needs of its supervisor.
class PoolHost {
 public:
  virtual ~PoolHost() = default;
  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual KeeperLink& keeper() = 0;
  [[nodiscard]] virtual LedgerRecord& ledger_record() = 0;
  [[nodiscard]] virtual SessionDesk& sessions() = 0;
  [[nodiscard]] virtual const std::string& stock_worker() = 0;  ///< path of the program
  [[nodiscard]] virtual unsigned usable_cpus() const = 0;
  [[nodiscard]] virtual WorkerCgroups& cgroups() = 0;
  /// A pool's readiness or drain state may have changed.
  virtual void pool_changed() = 0;
};

/// What a pool holds for its whole life and the keeper holds for its successor.
struct PoolFds {
  UniqueFd board;
  UniqueFd bell;
  UniqueFd handlers;  ///< memfd with the encoded handler table; none before a worker was ready
};

/// One pool of worker processes: the shell around plan_pool, RestartPolicy, RunWatch, KillLadder and Drain. It carries
/// out their effects on processes, lanes, ledger and keeper. The supervisor's one thread. A spare is a ready worker
/// that has every session attached and was told to claim nothing; a swap costs it one message.
class Pool final : public PoolGate {
 public:
  /// `first_worker`: id of seat 0. REQUIRES: config.workers is resolved, not 0.
  Pool(PoolHost& host, const config::PoolConfig& config, std::uint32_t index, std::uint16_t first_worker);
  ~Pool() override;

  /// Creates board and bell and deposits them, or takes them up.
  Result<void> open(PoolFds inherited);
  /// Takes up a worker of the ledger that the keeper still has (`dead`: whose exit is still to be acted upon).
  void adopt(std::uint16_t seat, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead);
  /// Every session is there: verdicts of a predecessor are carried out or withdrawn, and missing workers started.
  void start();
  void on_exit(const keeper::ExitRecord& exit);
  void stop(core::Duration timeout);

  /// A worker has been ready, or it is clear that none will be for now.
  [[nodiscard]] bool judged() const { return was_ready_ || failed_for_now_; }
  [[nodiscard]] core::Drain::State drain_state() const { return drain_.state(); }
  [[nodiscard]] core::PoolSnapshot snapshot() const;
  [[nodiscard]] std::uint16_t first_worker() const { return first_worker_; }
  [[nodiscard]] std::size_t seats() const { return seats_.size(); }

  // PoolGate
  [[nodiscard]] const config::PoolConfig& config() const override { return config_; }
  [[nodiscard]] std::uint32_t index() const override { return index_; }
  [[nodiscard]] int board_fd() const override { return fds_.board.get(); }
  [[nodiscard]] BoardRecord& board() override { return *board_; }
  [[nodiscard]] std::string refusal() const override;
  [[nodiscard]] bool handlers_known() const override { return handlers_known_; }
  [[nodiscard]] std::span<const HandlerDescription> handlers() const override { return handlers_; }
  void when_handlers_known(Callback done) override;
  void attach(const Session& session, Callback done) override;
  void detach(std::uint16_t index, std::uint32_t serial, Callback done) override;
  void cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) override;
  void ring() override;
  void drain(Callback done) override;
  void resume() override;
  void fill_status(control::v1::PoolStatus& status) const override;

 private:
  using Seat = PoolSeat;
  using Waiting = PoolWaiting;
  using Tally = PoolTally;

  // pool_workers.cc: processes and their messages
  void start_worker(core::Seat seat);
  void spawn(core::Seat seat);
  [[nodiscard]] keeper::SpawnSpec spawn_spec(const WorkerPlace& place) const;
  void on_spawned(core::Seat seat, const keeper::SpawnedMessage& answer);
  void never_started(core::Seat seat, const std::string& why);
  void listen(core::Seat seat);
  void on_message(core::Seat seat, worker_link::ToSupervisor&& message);
  void on_hello(Seat& seat, const worker_link::Hello& hello);
  void on_chunk(Seat& seat, worker_link::HandlersChunk&& chunk);
  void on_ready(core::Seat index);
  void set_handlers(std::vector<HandlerDescription> handlers, std::span<const std::byte> encoded);
  void promote(core::Seat seat);
  void ask_to_leave(core::Seat seat, core::DeathKind why);
  void kill(Seat& seat, core::DeathKind why);
  void release_deposits(const WorkerPlace& place);
  void give(Seat& seat, const Session& session);
  void answered(std::uint32_t serial, std::uint32_t owner);
  void finish_detaching();
  void gone(std::uint32_t owner);
  void tell_waiting_for_handlers();

  // pool_watch.cc: deadlines and kills
  void look(core::TimePoint now);
  void look_at_seat(core::Seat index, core::TimePoint now);
  void look_at_queues(std::uint64_t now_ns);
  void arm(Seat& seat, const LaneLook& look);
  void step(core::Seat seat, const core::KillLadder::Event& event);
  void carry_out(core::Seat seat, const core::KillLadder::Effect& effect);
  void condemn_slot(core::Seat seat);
  void reread_lane(core::Seat seat);
  void resume_verdict(core::Seat seat);
  [[nodiscard]] core::KillLadder make_ladder(const Seat& seat) const;
  [[nodiscard]] core::LadderConfig ladder_config(const Seat& seat) const;
  [[nodiscard]] const Session* session_at(std::uint16_t index) const;
  [[nodiscard]] bool busy() const;
  [[nodiscard]] std::optional<core::Duration> shortest_run() const;

  // pool_reap.cc: deaths
  void reap_dead(Seat& seat, const keeper::ExitRecord& exit, const core::DeathCause& cause);
  void account(const ReapedJob& job, const core::DeathCause& cause, const Seat& seat);
  [[nodiscard]] bool killed_for_memory(Seat& seat) const;
  void add_lane(Tally& tally, const LaneRecord& lane) const;

  // pool.cc
  void update();  ///< after every event: plan, drain, timers
  void apply_plan(core::TimePoint now);
  void on_policy(const std::vector<core::RestartPolicy::Effect>& effects);
  void on_drain(const std::vector<core::Drain::Effect>& effects);
  void schedule(core::TimePoint now);
  void on_timer();
  [[nodiscard]] std::vector<core::SeatView> views() const;
  [[nodiscard]] LedgerWorker& record_of(core::Seat seat) const;
  [[nodiscard]] bool idle() const;  ///< nothing queued or running
  [[nodiscard]] bool workers_gone() const;

  PoolHost& host_;
  config::PoolConfig config_;
  std::uint32_t index_;
  std::uint16_t first_worker_;
  PoolFds fds_;
  Mapping board_map_;
  BoardRecord* board_ = nullptr;
  std::vector<Seat> seats_;
  std::map<std::uint16_t, const Session*> sessions_;  ///< attached, by index; the desk's, alive until detach is done
  std::vector<Waiting> detaching_;
  std::vector<Callback> handler_waiters_;
  std::vector<Callback> drain_waiters_;
  std::vector<HandlerDescription> handlers_;
  bool handlers_known_ = false;
  bool was_ready_ = false;
  bool failed_for_now_ = false;
  unsigned boot_failures_ = 0;
  core::RestartPolicy policy_;
  core::Drain drain_;
  core::LookSchedule looks_;
  core::OomBaseline oom_baseline_;
  WorkBell bell_watch_;
  bool was_idle_ = false;    ///< at the last look
  bool work_waits_ = false;  ///< a job was ready at the last look
  std::optional<core::TimePoint> next_queue_deadline_;
  std::optional<core::TimePoint> plan_again_;
  std::optional<EventLoop::TimerId> timer_;
  bool started_ = false;
  bool updating_ = false;
  std::string last_death_;
  Tally tally_;  ///< of processes that are gone
};

/// The bits of an owner as one number.
[[nodiscard]] constexpr std::uint32_t owner_key(Owner owner) {
  return std::uint32_t{owner.worker} << 16 | owner.incarnation;
}

}  // namespace ringmaster
