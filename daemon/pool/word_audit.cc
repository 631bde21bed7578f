#include "daemon/pool/word_audit.h"

#include <algorithm>
#include <atomic>

#include "shm/port/verdict.h"

namespace ringmaster {
namespace {

// SYNC: acquire, pairs with publish and with the owner's completion.
SlotWord word_at(const Session& session, std::uint32_t slot) {
  return SlotWord(session.reply.word(slot).load(std::memory_order_acquire));
}

bool has_job(const PoolSeat& seat, Owner owner, const Intent& intent) {
  if (seat.orphan && seat.orphan->owner == owner) return true;
  return seat.process && seat.process->place().owner == owner && look_at_lane(seat.process->lane()).intent == intent;
}

}  // namespace

bool WordAudit::can_be(const Session& session, std::uint32_t slot, SlotWord seen) {
  if (!seen.is_possible()) {
    blame(session, "a slot word is not what its client may write");
    return false;
  }
  if (!seen.is_claimable()) return true;
  // SYNC: acquire: if it is the slot's next job's already, the look at the word below sees that this one is over.
  const std::uint32_t described = std::atomic_ref(session.request.descriptor(slot).seq).load(std::memory_order_acquire);
  if (described == seen.seq() || word_at(session, slot) != seen) return true;
  blame(session, "a job descriptor names another job");
  return false;
}

bool WordAudit::any_owned(const std::map<std::uint16_t, const Session*>& sessions, std::span<const PoolSeat> seats) {
  bool owned = false;
  for (const auto& [index, session] : sessions) {
    for (std::uint32_t slot = 0; slot < session->geometry.slots; ++slot) {
      const SlotWord word = word_at(*session, slot);
      if (!word.is_owned()) continue;
      const Intent intent{index, static_cast<std::uint16_t>(slot), word.seq()};
      const auto owner = [&](const PoolSeat& seat) { return has_job(seat, word.owner(), intent); };
      if (std::any_of(seats.begin(), seats.end(), owner) || word_at(*session, slot) != word) {
        owned = true;
      } else {
        blame(*session, "it made a job look as if a worker ran it");
      }
    }
  }
  return owned;
}

void WordAudit::end_broken(SessionFates& sessions) {
  for (const auto& [session, reason] : broken_) sessions.broken(session->index, session->serial, reason);
  broken_.clear();
}

}  // namespace ringmaster
