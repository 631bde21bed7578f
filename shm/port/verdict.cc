#include "shm/port/verdict.h"

#include "shm/port/hints.h"

namespace ringmaster::shm {

LaneLook look_at_lane(const LaneRecord& lane) noexcept {
  const LaneWords& words = lane.words;
  LaneLook look;
  for (int tries = 0; tries < 8; ++tries) {
    // SYNC: seq_cst, pairs with claim, which stores the intent and then reads hold; here hold was set before this look.
    const std::uint64_t before = words.intent.load(std::memory_order_seq_cst);
    look.intent = Intent::unpack(before);
    if (!look.intent) return LaneLook{};
    look.stamp_ns = words.stamp_ns.load(std::memory_order_acquire);
    const std::uint64_t timeout = words.run_timeout.load(std::memory_order_acquire);
    // The worker writes these after its claim: until the seq matches they are about its previous job.
    const bool described = timeout >> 32 == look.intent->seq;
    look.run_timeout_ms = described ? static_cast<std::uint32_t>(timeout) : 0;
    look.handler = described ? words.handler.load(std::memory_order_relaxed) : 0;
    look.attempt = words.attempt.load(std::memory_order_relaxed);
    // SYNC: seq_cst after the acquires: if the intent is still the same, the values between belong to it.
    if (words.intent.load(std::memory_order_seq_cst) == before) return look;
  }
  return look;
}

bool condemn(const ReplyView& reply, const Intent& intent, Owner owner) noexcept {
  if (intent.slot >= reply.slots()) return false;
  Word64& word = reply.word(intent.slot);
  // SYNC: acquire, pairs with claim.
  SlotWord seen(word.load(std::memory_order_acquire));
  if (seen.state() == SlotState::Condemned && seen.seq() == intent.seq && seen.owner() == owner) return true;
  if (seen.state() != SlotState::Running || seen.seq() != intent.seq || !(seen.owner() == owner)) return false;
  std::uint64_t expected = seen.bits();
  const SlotWord condemned = SlotWord::owned(seen.seq(), SlotState::Condemned, seen.attempt(), owner);
  // SYNC: acq_rel: exactly one of the owner's completion and this CAS wins.
  return word.compare_exchange_strong(expected, condemned.bits(), std::memory_order_acq_rel);
}

Condemnation condemn_and_look(const ReplyView& reply, const LaneRecord& lane, const Intent& intent,
                              Owner owner) noexcept {
  const bool condemned = condemn(reply, intent, owner);
  // SYNC: seq_cst, pairs with claim: hold was set before this, so the worker withdraws any intent that it stores later.
  const bool still_there = lane.words.intent.load(std::memory_order_seq_cst) == intent.pack();
  if (condemned) return still_there ? Condemnation::Kill : Condemnation::Forged;
  return still_there ? Condemnation::Unclear : Condemnation::Ended;
}

bool end_ready(const ReplyView& reply, std::uint32_t slot, SlotWord seen, Cause cause) noexcept {
  if (slot >= reply.slots() || seen.state() != SlotState::Ready) return false;
  const SlotState state = cause == Cause::Cancelled ? SlotState::Cancelled : SlotState::Failed;
  std::uint64_t expected = seen.bits();
  const SlotWord ended = SlotWord::terminal(seen.seq(), state, seen.attempt(), cause);
  // SYNC: acq_rel: exactly one of claim, cancel and this CAS wins.
  if (!reply.word(slot).compare_exchange_strong(expected, ended.bits(), std::memory_order_acq_rel)) return false;
  announce_done(reply, slot);
  return true;
}

}  // namespace ringmaster::shm
