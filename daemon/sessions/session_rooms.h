#pragma once

#include "daemon/core/daemon/quota.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session_ending.h"
#include "daemon/sessions/session_ledger.h"
#include "daemon/sessions/session_table.h"

namespace ringmaster::daemon {

/// What brings sessions in, new ones and a predecessor's, reaches. All of it outlives who has this.
struct SessionRooms {
  SessionTable& table;
  SessionLedger& ledger;
  core::QuotaBook& quota;
  DaemonPort& daemon;
  SessionEnding& ending;
};

}  // namespace ringmaster::daemon
