#pragma once

#include "daemon/loop/keeper_port.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/seat/handler_catalog.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/ports/session_fates.h"

namespace ringmaster::daemon {

/// What ends a worker and its job reaches: the pool's own, and the two that it asks. All of it outlives who has this.
struct SeatRooms {
  shm::LedgerRecord& ledger;
  PoolBook& book;
  const SessionRoster& sessions;
  const HandlerCatalog& handlers;
  SessionFates& fates;
  Keeper& keeper;
};

}  // namespace ringmaster::daemon
