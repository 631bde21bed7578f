#include "shm/port/hints.h"

#include "shm/port/futex.h"

namespace ringmaster::shm {
namespace {
constexpr std::uint64_t bit_of(std::uint32_t place) { return std::uint64_t{1} << (place % 64); }
constexpr std::uint32_t word_of(std::uint32_t place) { return place / 64 % kBoardWords; }

// Counts a completion and takes the waiting bit in one instruction: cleared by a later one, the bit could be that of a
// waiter who has asked since, and whose word would look as if it had not. True: wake whoever sleeps. Never for long:
// where a client changes the word again and again, the bit is left as it is, and all are woken for nothing.
bool count_and_answer(Word32& word) noexcept {
  constexpr int kTries = 64;
  std::uint32_t before = word.load(std::memory_order_relaxed);
  for (int tried = 0; tried < kTries; ++tried) {
    // SYNC: seq_cst, pairs with the waiter's CAS of the waiting bit: its FUTEX_WAIT compares this very word.
    if (word.compare_exchange_weak(before, (before + 2) & ~kWaitingBit, std::memory_order_seq_cst))
      return (before & kWaitingBit) != 0;
  }
  word.fetch_add(2, std::memory_order_seq_cst);  // SYNC: likewise.
  return true;
}
}  // namespace

std::optional<std::uint32_t> next_hint(const HintWords& hints, std::uint32_t slots, std::uint32_t from) noexcept {
  const std::uint32_t words = slots / 64;
  from %= slots;
  const std::uint32_t first = from / 64;
  for (std::uint32_t step = 0; step <= words; ++step) {
    const std::uint32_t at = (first + step) % words;
    // SYNC: pairs with set_hint: what was stored before the bit is visible.
    std::uint64_t bits = hints.bits[at].load(std::memory_order_acquire);
    if (step == 0) bits &= ~std::uint64_t{0} << (from % 64);
    if (step == words) bits &= ~(~std::uint64_t{0} << (from % 64));
    if (bits != 0) return at * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  return std::nullopt;
}

bool remind(const ReplyView& reply, std::uint32_t slot) noexcept {
  // SYNC: acquire: only a first check; set_hint does the synchronizing.
  if ((reply.ready().bits[slot / 64].load(std::memory_order_acquire) & bit_of(slot)) != 0) return false;
  set_hint(reply.ready(), slot);
  return true;
}

void set_idle(BoardRecord& board, std::uint32_t place) noexcept {
  // SYNC: seq_cst, pairs with set_hint + should_ring: we set this, then scan; they publish, then read this.
  board.idle[word_of(place)].fetch_or(bit_of(place), std::memory_order_seq_cst);
}
void clear_idle(BoardRecord& board, std::uint32_t place) noexcept {
  // SYNC: seq_cst: one order with set_idle for everyone that reads both masks.
  board.idle[word_of(place)].fetch_and(~bit_of(place), std::memory_order_seq_cst);
}
void set_spin(BoardRecord& board, std::uint32_t place) noexcept {
  // SYNC: seq_cst: a client that sees the bit relies on a scan that starts after the bit was set.
  board.spin[word_of(place)].fetch_or(bit_of(place), std::memory_order_seq_cst);
}
void clear_spin(BoardRecord& board, std::uint32_t place) noexcept {
  // SYNC: seq_cst, pairs with should_ring: the last scan comes after this.
  board.spin[word_of(place)].fetch_and(~bit_of(place), std::memory_order_seq_cst);
}
unsigned count_spinners(const BoardRecord& board) noexcept {
  unsigned count = 0;
  for (const Word64& word : board.spin)
    count += static_cast<unsigned>(std::popcount(word.load(std::memory_order_relaxed)));
  return count;
}
bool anyone_idle(const BoardRecord& board) noexcept {
  for (const Word64& word : board.idle)
    // SYNC: seq_cst, pairs with set_idle.
    if (word.load(std::memory_order_seq_cst) != 0) return true;
  return false;
}

bool take_role(Word32& role, std::uint32_t place) noexcept {
  std::uint32_t nobody = 0;
  // SYNC: seq_cst, as set_spin: a client that sees the word relies on a look that starts after it was set.
  return role.load(std::memory_order_relaxed) == 0 &&
         role.compare_exchange_strong(nobody, place + 1, std::memory_order_seq_cst);
}
bool leave_role(Word32& role, std::uint32_t place) noexcept {
  std::uint32_t mine = place + 1;
  // SYNC: seq_cst, pairs with should_ring: the last look comes after this.
  return role.compare_exchange_strong(mine, 0, std::memory_order_seq_cst);
}

void say_asleep(BoardRecord& board, std::uint32_t place) noexcept {
  const std::uint64_t bit = bit_of(place);
  // Reads before it writes: nearly always both bits are right, and the cache lines stay shared with the clients.
  if ((board.spin[word_of(place)].load(std::memory_order_relaxed) & bit) != 0) clear_spin(board, place);
  if ((board.idle[word_of(place)].load(std::memory_order_relaxed) & bit) == 0) set_idle(board, place);
}

void clear_strangers(BoardRecord& board, const std::uint64_t (&living)[kBoardWords]) noexcept {
  for (std::uint32_t at = 0; at < kBoardWords; ++at) {
    for (Word64* mask : {&board.idle[at], &board.spin[at]}) {
      // SYNC: seq_cst, as clear_spin. A load first, because there is nearly always nothing to clear.
      if ((mask->load(std::memory_order_relaxed) & ~living[at]) != 0)
        mask->fetch_and(living[at], std::memory_order_seq_cst);
    }
  }
  for (Word32* role : {&board.streamer, &board.standby}) {
    std::uint32_t holder = role->load(std::memory_order_relaxed);
    const std::uint32_t place = holder - 1;
    const bool lives = holder != 0 && place < kBoardWords * 64 && (living[place / 64] & bit_of(place)) != 0;
    // SYNC: seq_cst, as leave_role.
    if (holder != 0 && !lives) role->compare_exchange_strong(holder, 0, std::memory_order_seq_cst);
  }
}

void clear_place(BoardRecord& board, std::uint32_t place) noexcept {
  clear_spin(board, place);
  clear_idle(board, place);
  leave_role(board.streamer, place);
  leave_role(board.standby, place);
}

void announce_done(const ReplyView& reply, std::uint32_t slot) noexcept {
  set_hint(reply.done(), slot);
  Word32& word = *reply.done().event;
  if (count_and_answer(word)) futex_wake_all(word);
}

void wake_client(const ReplyView& reply) noexcept {
  Word32& word = *reply.done().event;
  (void)count_and_answer(word);
  futex_wake_all(word);
}

}  // namespace ringmaster::shm
