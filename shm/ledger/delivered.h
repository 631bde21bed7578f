#pragma once

#include "shm/layout.h"

namespace ringmaster::shm {

/// Most slots of a session of the supervisor's own.
inline constexpr std::uint32_t kMessageSlots = 1024;

/// Which outcomes of jobs that came as messages have been given to those who asked: a bit a slot. Part of the ledger,
/// so that a successor charges only what nobody has asked for. A session's place is its serial's rest; where two share
/// one the later has it, and what is not known to be delivered counts as not delivered. One writer at a time, which may
/// die at any instruction: `serial` is stored first as 0 and last as itself.
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
/// The outcome was lost on its way; or the slot goes to another job, before that job is published.
void clear_delivered(DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept;
[[nodiscard]] bool is_delivered(const DeliveredTable& table, std::uint32_t serial, std::uint32_t slot) noexcept;

}  // namespace ringmaster::shm
