#pragma once

#include "shm/layout.h"

namespace ringmaster::shm {

/// The most slots that one of the supervisor's own sessions may have.
inline constexpr std::uint32_t kMessageSlots = 1024;

/// Which outcomes of jobs that came as messages have been delivered: one bit per slot. It is part of the ledger, so
/// that a successor charges the submitter only for outcomes that were not. A session's place is its serial modulo the
/// table's size; of two sessions with the same place the later one has it, and what is not recorded counts as not
/// delivered. There is one writer, which may die at any instruction: it stores `serial` as 0 first, and the real value
/// last.
struct DeliveredSlots {
  Word32 serial;  ///< of the session; 0: nothing is recorded here
  std::uint32_t reserved;
  Word64 slots[kMessageSlots / 64];
};
static_assert(sizeof(DeliveredSlots) == 136);

struct DeliveredTable {
  DeliveredSlots sessions[256];
};

/// REQUIRES: slot < kMessageSlots.
void mark_delivered(DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept;
/// Called when the outcome was lost on its way, and before the slot's next job is published.
void clear_delivered(DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept;
[[nodiscard]] bool is_delivered(const DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept;

}  // namespace ringmaster::shm
