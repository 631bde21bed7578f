#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/machine/cgroup_facts.h"
#include "daemon/core/pool/look_pace.h"
#include "daemon/loop/soon.h"
#include "daemon/machine/worker_cgroups.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/book/pool_charges.h"
#include "daemon/pool/book/pool_statistics.h"
#include "daemon/pool/burial.h"
#include "daemon/pool/pool_context.h"
#include "daemon/pool/pool_drain.h"
#include "daemon/pool/pool_report.h"
#include "daemon/pool/queue_watch.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/ladder_hand.h"
#include "daemon/pool/seat/seat.h"
#include "daemon/pool/seat/seat_boot.h"
#include "daemon/pool/seat/seat_orders.h"
#include "daemon/pool/seat/seat_start.h"
#include "daemon/pool/seat/seat_watcher.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/pool/staffing.h"
#include "daemon/pool/work_bell.h"
#include "daemon/pool/work_call.h"
#include "daemon/pool/worker/worker_process.h"
#include "daemon/ports/pool_port.h"

namespace ringmaster::daemon {

/// One pool of worker processes, made of the parts in this folder ("rooms"). The supervisor's one thread. Each event
/// goes to the room that owns it, which does what the event itself needs; then a round follows:
///
///   look   at lanes, queues and memory, if a timer or a bell says so
///   act    drain, then staffing: each decides by core's rules and carries it out
///   arm    the timer for the earliest next deadline of all rooms
///
/// No round starts within a round. A spare is a ready worker that has every session attached and was told to claim
/// nothing; one message makes it take jobs.
class Pool final : public PoolPort {
 public:
  /// `first_worker`: id of seat 0. REQUIRES: config.workers is resolved, not 0.
  Pool(PoolContext& host, const config::PoolConfig& config, std::uint32_t index, std::uint16_t first_worker);
  ~Pool() override;

  /// Creates and deposits board and bell, or takes up those of a predecessor.
  Result<void> open(PoolFds inherited);
  /// Takes up a worker that is in the ledger and that the keeper still has. `dead`: it has exited, on_exit() will
  /// follow.
  void adopt(std::uint16_t seat, std::uint32_t incarnation, std::int32_t pid, WorkerFds fds, bool dead);
  /// Called when all sessions are known: carries out or withdraws a predecessor's verdicts, and starts missing workers.
  void start();
  void on_exit(const keeper::ExitRecord& exit);
  void stop(core::Duration timeout);
  /// For good: its jobs end as removed. Once stopped and without sessions it may be destroyed, in a turn of its own.
  void remove(core::Duration timeout);
  void resize(core::WorkerRange range);  ///< how many are to work. REQUIRES: the seats are enough

  /// True once a worker has been ready, or it is clear that none will be for now.
  [[nodiscard]] bool judged() const { return staffing_.availability().judged(); }
  [[nodiscard]] core::Drain::State drain_state() const { return drain_.state(); }
  [[nodiscard]] core::PoolSnapshot snapshot() const { return report_.snapshot(); }
  [[nodiscard]] std::uint16_t first_worker() const { return first_worker_; }
  [[nodiscard]] std::size_t seats() const { return seats_.size(); }

  // PoolPort
  [[nodiscard]] const config::PoolConfig& config() const override { return config_; }
  [[nodiscard]] std::uint32_t index() const override { return index_; }
  [[nodiscard]] int board_fd() const override { return fds_.board.get(); }
  [[nodiscard]] shm::BoardRecord& board() override { return *board_; }
  [[nodiscard]] std::string refusal() const override;
  [[nodiscard]] std::string refusal_of(std::uint32_t uid) const override { return charges_.refusal(uid); }
  [[nodiscard]] bool handlers_known() const override { return handlers_.known(); }
  [[nodiscard]] std::span<const HandlerDescription> handlers() const override { return handlers_.all(); }
  void when_handlers_known(Callback done) override;
  [[nodiscard]] bool handlers_told() const override { return handlers_.told(); }
  void when_handlers_told(Callback done) override;
  void attach(const Session& session, Callback done) override;
  void detach(std::uint16_t index, std::uint32_t serial, Callback done) override;
  void cancel_running(std::uint16_t index, std::uint16_t slot, std::uint32_t seq) override;
  void force_end(const shm::Intent& job, core::Duration grace) override;
  void call() override;
  void call(const Session& session) override;
  void drain(DrainDone done) override;
  void resume() override;
  [[nodiscard]] PoolView view() const override { return report_.view(host_.loop().now()); }

 private:
  // pool.cc: events
  void on_message(core::SeatNumber seat, worker_link::ToSupervisor&& message);
  void on_violation(core::SeatNumber seat, const std::string& what);
  void on_leaving(core::SeatNumber index);
  void on_ask_room(core::SeatNumber index, const worker_link::AskRoom& ask);
  void on_ready(core::SeatNumber index);
  void keep_looking();
  [[nodiscard]] PoolDrain::Crew crew();
  // pool_round.cc
  void capture(core::SeatNumber seat, const StackDesk::Order& order);
  void round();  ///< runs soon after every event
  void look(core::TimePoint now);
  [[nodiscard]] bool idle() const;
  [[nodiscard]] bool killed_for_memory(const Burial::Dead& dead) const;
  [[nodiscard]] core::Duration shortest_run() const { return sessions_.shortest_run(config_.run_timeout); }
  void pass_time(Seat& seat, core::TimePoint now);
  void kill_running(core::TimePoint now);
  void arm(core::TimePoint now);
  [[nodiscard]] std::optional<core::TimePoint> next_deadline(core::TimePoint now) const;

  PoolContext& host_;
  config::PoolConfig config_;
  std::uint32_t index_;
  std::uint16_t first_worker_;
  PoolFds fds_;
  shm::Mapping board_map_;
  shm::BoardRecord* board_ = nullptr;
  std::vector<Seat> seats_;
  SessionRoster sessions_;
  HandlerCatalog handlers_;
  core::LookPace looks_;
  core::OomBaseline oom_baseline_;
  LeftoverLog leftovers_;
  WorkBell bell_watch_;
  WorkCall calls_;
  PoolBook book_;
  PoolStatistics statistics_;
  PoolCharges charges_;
  Burial burial_;
  PoolDrain drain_;
  QueueWatch queues_;
  LadderHand hand_;
  SeatWatcher watcher_;
  SeatOrders orders_;
  SeatBoot boot_;
  SeatStart starter_;
  Staffing staffing_;
  PoolReport report_;
  std::optional<EventLoop::TimerId> timer_;
  bool started_ = false;
  std::vector<shm::Intent> cancelled_before_start_;
  bool look_due_ = false;                                        ///< the next round looks
  std::shared_ptr<Pool*> here_ = std::make_shared<Pool*>(this);  ///< for answers that may come when it is gone
  Soon round_;
};

}  // namespace ringmaster::daemon
