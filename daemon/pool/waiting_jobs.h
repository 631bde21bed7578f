#pragma once

#include <bit>
#include <cstdint>

#include "daemon/sessions/session.h"
#include "shm/slots.h"

namespace ringmaster::daemon {

/// Calls visit(slot, word) for each slot of the session whose ready bit is set, even if the bit is stale.
template <typename Visit>
void for_each_hinted(const Session& session, Visit&& visit) {
  for (std::uint32_t at = 0; at < session.reply.bit_words(); ++at) {
    std::uint64_t bits = session.reply.ready().bits[at].load(std::memory_order_acquire);  // SYNC: pairs with set_hint.
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t slot = at * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
      visit(slot, shm::slot_word(session.reply, slot));
    }
  }
}

/// Calls found(slot, word) for each waiting job of the session.
template <typename Found>
void for_each_waiting(const Session& session, Found&& found) {
  for_each_hinted(session, [&](std::uint32_t slot, shm::SlotWord word) {
    if (word.is_claimable()) found(slot, word);
  });
}

}  // namespace ringmaster::daemon
