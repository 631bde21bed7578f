#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/config/config.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/machine/worker_cgroups.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/pool/worker/worker_process.h"

namespace ringmaster::daemon {

/// Puts a process into a seat: a new one, a predecessor's, or, if some of its deposits are missing, an orphan. The pool
/// decides what follows. Owned by the pool, on its thread.
class SeatStart {
 public:
  struct Rooms {
    EventLoop& loop;
    shm::LedgerRecord& ledger;
    PoolBook& book;
    SessionRoster& sessions;
    Keeper& keeper;
    WorkerCgroups& cgroups;
  };
  struct Ports {
    std::function<void(shm::ControlRecord&)> show_charges;
    std::function<void(core::SeatNumber, worker_link::ToSupervisor&&)> on_message;
    std::function<void(core::SeatNumber, const std::string& what)> on_violation;
    std::function<void(core::SeatNumber)> on_no_start;  ///< the seat is empty again; may be called within start()
    std::function<void()> round;                        ///< called after an answer of the keeper
  };
  enum class Taken : std::uint8_t {
    Ready,
    Booting,  ///< part of its messages went to the predecessor
    Dead,     ///< it has exited, and on_exit() will follow
    Orphan,   ///< killed, and keeps its seat until its exit
  };

  /// REQUIRES: `config` and `stock_worker` outlive this.
  SeatStart(const config::PoolConfig& config, std::uint32_t pool, std::uint16_t first_worker,
            const std::string& stock_worker, const Rooms& rooms, Ports ports)
      : config_(config),
        pool_(pool),
        first_worker_(first_worker),
        stock_worker_(stock_worker),
        rooms_(rooms),
        ports_(std::move(ports)) {}

  /// Called first: sets what every worker gets. The descriptors are borrowed.
  void open(int board, int bell) { board_ = board, bell_ = bell; }

  // Both keep a reference to `seat`. REQUIRES: it is empty.

  void start(Seat& seat, core::SeatNumber index);
  [[nodiscard]] Taken adopt(Seat& seat, core::SeatNumber index, std::uint32_t incarnation, std::int32_t pid,
                            WorkerFds fds, bool dead);

 private:
  void spawn(Seat& seat, WorkerProcess& process);
  void put_on_record(const Seat& seat, core::SeatNumber index);
  void on_spawned(Seat& seat, WorkerProcess& process, const keeper::SpawnedMessage& answer);
  void never_started(Seat& seat, core::SeatNumber index, const std::string& why);
  void listen(core::SeatNumber index, WorkerProcess& process);
  void keep_orphan(Seat& seat, core::SeatNumber index, shm::Owner owner, std::int32_t pid, WorkerFds fds, bool dead);
  [[nodiscard]] shm::LedgerWorker& record_of(core::SeatNumber seat) const {
    return rooms_.ledger.workers[first_worker_ + seat];
  }

  const config::PoolConfig& config_;
  std::uint32_t pool_;
  std::uint16_t first_worker_;
  const std::string& stock_worker_;
  Rooms rooms_;
  Ports ports_;
  int board_ = -1;
  int bell_ = -1;
};

}  // namespace ringmaster::daemon
