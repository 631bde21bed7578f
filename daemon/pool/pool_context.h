#pragma once

#include <string>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/keeper_port.h"
#include "daemon/ports/request_parcels.h"
#include "daemon/ports/result_rooms.h"
#include "daemon/ports/session_fates.h"
#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

class StackDesk;
class WorkerCgroups;

/// What a pool needs of its supervisor.
class PoolContext {
 public:
  virtual ~PoolContext() = default;
  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual Keeper& keeper() = 0;
  [[nodiscard]] virtual shm::LedgerRecord& ledger() = 0;
  [[nodiscard]] virtual SessionFates& sessions() = 0;
  [[nodiscard]] virtual ResultRooms& result_rooms() = 0;
  [[nodiscard]] virtual RequestParcels& parcels() = 0;
  [[nodiscard]] virtual const std::string& stock_worker() = 0;  ///< path of ringmaster-worker
  [[nodiscard]] virtual unsigned usable_cpus() const = 0;
  [[nodiscard]] virtual WorkerCgroups& cgroups() = 0;
  [[nodiscard]] virtual StackDesk& stacks() = 0;
  /// A pool's readiness or drain state may have changed.
  virtual void pool_changed() = 0;
};

}  // namespace ringmaster::daemon
