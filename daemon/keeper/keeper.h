#pragma once

#include <poll.h>
#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/keeper/beat_judge.h"
#include "daemon/keeper/bystanders.h"
#include "daemon/keeper/fence.h"
#include "daemon/keeper/message_check.h"
#include "daemon/keeper/outbox.h"
#include "daemon/keeper/owner.h"
#include "daemon/keeper/restart_pace.h"
#include "daemon/keeper/supervisor_process.h"
#include "daemon/keeper/table/deposit_table.h"
#include "daemon/keeper/table/worker_table.h"
#include "daemon/keeper/worker_spawn.h"
#include "daemon/os/scm_rights.h"
#include "daemon/os/service_notify.h"

namespace ringmaster::keeper {

/// The keeper: one loop over fixed tables. It is the parent of the supervisor and of every worker, holds the deposits,
/// and decides only whether the supervisor lives. One per process, in static memory because it is large. Never
/// allocates, and blocks only in poll. REQUIRES: main.cc has prepared the process: subreaper, descriptors 3 and 4 kept
/// free of deposits, signals not blocked.
class Keeper {
 public:
  struct Setup {
    SupervisorProgram program;
    daemon::ServiceNotify notify;
    std::uint64_t watchdog_ns = 0;  ///< 0: no watchdog
    Owner owner;                    ///< none: the daemon is its own
    GivenLimits given;              ///< for workers
    unsigned long descriptors = 0;  ///< how many it may open (the raised limit)
  };

  [[nodiscard]] Setup& setup() { return setup_; }
  [[nodiscard]] DepositTable& deposits() { return deposits_; }
  /// Runs until the daemon ends; returns its exit code.
  [[nodiscard]] int run() noexcept;

 private:
  // keeper.cc: the loop and the workers
  void wait(std::uint64_t now_ns) noexcept;
  [[nodiscard]] std::uint64_t next_deadline(std::uint64_t now_ns) const noexcept;
  void watch(int fd, short events) noexcept;
  [[nodiscard]] short events_of(int fd) const noexcept;
  void look_at_workers(std::uint64_t now_ns) noexcept;
  void sweep(std::uint64_t now_ns) noexcept;
  void kill_worker(WorkerEntry& slot, int signal) noexcept;
  void kill_workers() noexcept;
  void close_released(std::uint64_t now_ns) noexcept;
  void read_signals(std::uint64_t now_ns) noexcept;
  void ping(std::uint64_t now_ns) noexcept;

  // keeper.cc: the supervisor's requests
  void read_requests(std::uint64_t now_ns, bool last_words) noexcept;
  void handle(std::span<std::byte> packet, daemon::ReceivedPacket& received, std::uint64_t now_ns,
              bool last_words) noexcept;
  void handle_beat(const BeatMessage& message, std::uint64_t now_ns) noexcept;
  void handle_deposit(const DepositMessage& message, daemon::ReceivedPacket& received) noexcept;
  void handle_spawn(std::span<std::byte> packet, daemon::ReceivedPacket& received) noexcept;
  void handle_signal(const SignalMessage& message) noexcept;
  [[nodiscard]] bool crowded(const daemon::ReceivedPacket& received) const noexcept;

  // keeper_supervisor.cc: the supervisor's life
  void start_when_due(std::uint64_t now_ns) noexcept;
  void judge(std::uint64_t now_ns) noexcept;
  void bury_supervisor(std::uint64_t now_ns) noexcept;
  void leave_supervisor(std::uint64_t now_ns) noexcept;
  void hear_last_words(std::uint64_t now_ns) noexcept;
  void forget_supervisor() noexcept;
  void follow_up(int code, int status, std::uint64_t now_ns) noexcept;
  void request_stop(int signal, std::uint64_t now_ns) noexcept;
  void look_at_owner(std::uint64_t now_ns) noexcept;
  void enforce_stop(std::uint64_t now_ns) noexcept;
  void begin_stop(int signal, std::uint64_t slack_ns, std::uint64_t now_ns) noexcept;
  void begin_end(int exit_code, std::uint64_t now_ns) noexcept;
  [[nodiscard]] bool ended(std::uint64_t now_ns) noexcept;

  Setup setup_;
  DepositTable deposits_;
  WorkerTable workers_;
  Bystanders bystanders_;
  Fence fence_;
  SpawnRequest spawn_;  // working memory of handle_spawn
  alignas(8) std::array<std::byte, kMaxMessage> packet_{};

  std::array<pollfd, 2 * kMaxWorkers + 4> polled_{};
  std::size_t polled_count_ = 0;
  UniqueFd signals_;

  SupervisorProcess supervisor_;
  std::uint32_t started_ = 0;  // supervisors so far
  BeatJudge judge_;
  RestartPace pace_;
  NextStart next_start_;
  Phase phase_ = Phase::Starting;
  bool condemned_ = false;  // the supervisor was sent SIGKILL
  std::uint64_t condemned_at_ns_ = 0;
  std::uint64_t supervisor_retry_at_ns_ = 0;

  Outbox outbox_{supervisor_, workers_, judge_};

  bool signalled_ = false;  // to stop; a second signal ends everything
  bool owner_gone_ = false;
  int stop_signal_ = 0;  // what the supervisor is told; 0: nobody wants a stop
  std::uint64_t stop_asked_at_ns_ = 0;
  std::uint64_t stop_slack_ns_ = 0;  // beyond its own shutdown_timeout
  std::uint32_t stop_timeout_ms_ = 30'000;

  bool sweep_wanted_ = false;
  std::uint64_t sweep_retry_at_ns_ = 0;
  std::uint64_t close_retry_at_ns_ = 0;  // not 0: when to try again to start a child that closes released descriptors
  bool closing_is_late_ = false;         // the log says that closing is late
  std::uint64_t next_ping_ns_ = 0;

  bool ending_ = false;
  int exit_code_ = 0;
  std::uint64_t ending_deadline_ns_ = 0;
  std::uint64_t closing_deadline_ns_ = 0;  // how long the end waits for children that close descriptors
};

}  // namespace ringmaster::keeper
