#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/worker/death.h"
#include "shm/ledger/ledger_records.h"

namespace ringmaster::daemon {

/// Puts on record why a process is killed, before it is: a supervisor that dies then cannot tell its successor.
inline void note_kill(shm::LedgerWorker& record, core::DeathKind why) {
  const std::uint32_t others = record.flags & ((1U << shm::kLedgerKillShift) - 1);
  record.flags = others | (static_cast<std::uint32_t>(why) + 1) << shm::kLedgerKillShift;
}

/// Why this supervisor or a predecessor has ordered the kill; nullopt: none did.
[[nodiscard]] inline std::optional<core::DeathKind> kill_order(const shm::LedgerWorker& record) {
  const std::uint32_t order = record.flags >> shm::kLedgerKillShift & 0xFF;
  if (order == 0 || order > static_cast<std::uint32_t>(core::DeathKind::CancelledByForce) + 1) return std::nullopt;
  return static_cast<core::DeathKind>(order - 1);
}

}  // namespace ringmaster::daemon
