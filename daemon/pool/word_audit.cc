#include "daemon/pool/word_audit.h"

#include <algorithm>
#include <atomic>

#include "shm/port/verdict.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

bool has_job(const Seat& seat, shm::Owner owner, const shm::Intent& intent) {
  if (seat.orphan && seat.orphan->owner == owner) return true;
  return seat.process && seat.process->name().owner == owner &&
         shm::look_at_lane(seat.process->lane()).intent == intent;
}

}  // namespace

bool WordAudit::can_be(const Session& session, std::uint32_t slot, shm::SlotWord seen) {
  if (!seen.is_possible()) {
    blame(session, "a slot word is not what its client may write");
    return false;
  }
  if (!seen.is_claimable()) return true;
  // SYNC: acquire: if the descriptor is already the next job's, the look at the word below sees that this job is over.
  const std::uint32_t described = std::atomic_ref(session.request.descriptor(slot).seq).load(std::memory_order_acquire);
  if (described == seen.seq() || shm::slot_word(session.reply, slot) != seen) return true;
  blame(session, "a job descriptor names another job");
  return false;
}

bool WordAudit::any_owned(const std::map<std::uint16_t, const Session*>& sessions, std::span<const Seat> seats) {
  bool owned = false;
  for (const auto& [index, session] : sessions) {
    for (const auto [slot, word] : shm::slot_words(session->reply)) {
      if (!word.is_owned()) continue;
      const shm::Intent intent{index, static_cast<std::uint16_t>(slot), word.seq()};
      const auto owns = [owner = word.owner(), &intent](const Seat& seat) { return has_job(seat, owner, intent); };
      if (std::any_of(seats.begin(), seats.end(), owns) || shm::slot_word(session->reply, slot) != word) {
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

}  // namespace ringmaster::daemon
