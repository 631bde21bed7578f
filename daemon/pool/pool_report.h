#pragma once

#include <cstdint>
#include <span>

#include "daemon/config/config.h"
#include "daemon/core/pool/pool_snapshot.h"
#include "daemon/machine/worker_cgroups.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/book/pool_charges.h"
#include "daemon/pool/book/pool_statistics.h"
#include "daemon/pool/pool_drain.h"
#include "daemon/pool/queue_watch.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/pool/staffing.h"
#include "daemon/ports/pool_view.h"

namespace ringmaster::daemon {

/// What a pool reports about itself. It asks no worker, since all may be busy. Owned by the pool, on its thread.
class PoolReport {
 public:
  struct Rooms {
    shm::LedgerRecord& ledger;
    const std::vector<Seat>& seats;
    const SessionRoster& sessions;
    const HandlerCatalog& handlers;
    const Staffing& staffing;
    const PoolDrain& drain;
    const PoolBook& book;
    const PoolStatistics& statistics;
    const PoolCharges& charges;
    const QueueWatch& queues;
    const WorkerCgroups& cgroups;
  };

  /// REQUIRES: all of it outlives this.
  PoolReport(const config::PoolConfig& config, std::uint32_t index, const Rooms& rooms)
      : config_(config), index_(index), rooms_(rooms) {}

  /// Everything but `queued` and `running`.
  [[nodiscard]] PoolView view(core::TimePoint now) const;
  [[nodiscard]] core::PoolSnapshot snapshot() const;
  /// What all its processes have done, living ones included.
  [[nodiscard]] shm::LedgerTally total() const;

 private:
  [[nodiscard]] WorkerView worker(core::TimePoint now, core::SeatNumber index) const;
  void look_at_process(core::TimePoint now, const Seat& seat, WorkerView& worker) const;

  const config::PoolConfig& config_;
  std::uint32_t index_;
  Rooms rooms_;
};

}  // namespace ringmaster::daemon
