#pragma once

#include <bit>
#include <cstdint>

#include "daemon/supervisor/session.h"

namespace ringmaster {

/// Calls found(slot, word) for each job of the session that waits, by its ready bits: a stale one is passed over.
template <typename Found>
void for_each_waiting(const Session& session, Found&& found) {
  for (std::uint32_t at = 0; at < session.reply.bit_words(); ++at) {
    std::uint64_t bits = session.reply.ready().bits[at].load(std::memory_order_acquire);  // SYNC: pairs with set_hint.
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t slot = at * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
      const SlotWord word(session.reply.word(slot).load(std::memory_order_acquire));  // SYNC: pairs with publish.
      if (word.state() == SlotState::Ready) found(slot, word);
    }
  }
}

}  // namespace ringmaster
