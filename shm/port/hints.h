#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "shm/segment_view.h"

/// Bits and masks: they say "look", never "it is so". Who reads a bit checks the slot word.
namespace ringmaster::shm {

inline void set_hint(const HintWords& hints, std::uint32_t slot) noexcept {
  // SYNC: seq_cst, pairs with set_idle: either the worker's last scan sees the bit or we see its idle bit. Releases the
  // slot word, which was stored before, to those who scan.
  hints.bits[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_seq_cst);
}
inline void clear_hint(const HintWords& hints, std::uint32_t slot) noexcept {
  // SYNC: seq_cst: a set_hint that this clears happened before our next look at the slot word.
  hints.bits[slot / 64].fetch_and(~(std::uint64_t{1} << (slot % 64)), std::memory_order_seq_cst);
}

/// Sets a ready bit whose slot is Ready. True: it was not set, so nobody may have been told of that job.
bool remind(const ReplyView& reply, std::uint32_t slot) noexcept;

/// The next set bit at or after `from`, wrapping once; nullopt: none.
[[nodiscard]] std::optional<std::uint32_t> next_hint(const HintWords& hints, std::uint32_t slots,
                                                     std::uint32_t from) noexcept;

/// True when a bit is set.
[[nodiscard]] inline bool any_hint(const HintWords& hints, std::uint32_t words) noexcept {
  for (std::uint32_t at = 0; at < words; ++at) {
    // SYNC: seq_cst, pairs with set_hint: in a worker's last look before it sleeps it comes after set_idle.
    if (hints.bits[at].load(std::memory_order_seq_cst) != 0) return true;
  }
  return false;
}

/// True when someone sleeps and nobody is looking or stands by: then a bell must be rung. To be asked after set_hint:
/// the order is one half of the wake protocol.
[[nodiscard]] inline bool should_ring(const BoardRecord& board) noexcept {
  std::uint64_t idle = 0;
  for (std::uint32_t i = 0; i < kBoardWords; ++i) {
    // SYNC: seq_cst, pairs with clear_spin and set_idle, and with set_hint before it.
    if (board.spin[i].load(std::memory_order_seq_cst) != 0) return false;
    idle |= board.idle[i].load(std::memory_order_seq_cst);
  }
  // SYNC: seq_cst, pairs with leave_role: who stood by looks after it left.
  return idle != 0 && board.standby.load(std::memory_order_seq_cst) == 0;
}

/// Both questions that a worker has for each job, at one look.
struct BoardLook {
  bool anyone_idle = false;
  bool should_ring = false;
};
[[nodiscard]] inline BoardLook look_at_board(const BoardRecord& board) noexcept {
  std::uint64_t spin = 0;
  std::uint64_t idle = 0;
  for (std::uint32_t i = 0; i < kBoardWords; ++i) {
    // SYNC: seq_cst, as should_ring.
    spin |= board.spin[i].load(std::memory_order_seq_cst);
    idle |= board.idle[i].load(std::memory_order_seq_cst);
  }
  // SYNC: seq_cst, as should_ring.
  return {idle != 0, spin == 0 && idle != 0 && board.standby.load(std::memory_order_seq_cst) == 0};
}

/// The board bit of one worker; `place` is its index in the pool, below 64 * kBoardWords.
void set_idle(BoardRecord& board, std::uint32_t place) noexcept;
void clear_idle(BoardRecord& board, std::uint32_t place) noexcept;
void set_spin(BoardRecord& board, std::uint32_t place) noexcept;
void clear_spin(BoardRecord& board, std::uint32_t place) noexcept;
[[nodiscard]] unsigned count_spinners(const BoardRecord& board) noexcept;
[[nodiscard]] bool anyone_idle(const BoardRecord& board) noexcept;

/// A role of the board, which one worker has at a time. take_role: false where another has it.
[[nodiscard]] bool take_role(Word32& role, std::uint32_t place) noexcept;
/// False: it was not this worker's (any more).
bool leave_role(Word32& role, std::uint32_t place) noexcept;

/// Before it sleeps a worker has its own bits right, whoever has altered them: idle and not spinning.
void say_asleep(BoardRecord& board, std::uint32_t place) noexcept;

/// What the board says of places that nobody has: `living` has a bit for each place with a worker.
void clear_strangers(BoardRecord& board, const std::uint64_t (&living)[kBoardWords]) noexcept;

/// Everything that the board says of one worker, which is dead or claims nothing any more.
void clear_place(BoardRecord& board, std::uint32_t place) noexcept;

/// The completion word's lowest bit: somebody sleeps on exactly this value.
inline constexpr std::uint32_t kWaitingBit = 1;

/// Tells the client that a slot is terminal: done bit, count, and a wake-up if somebody sleeps.
void announce_done(const ReplyView& reply, std::uint32_t slot) noexcept;

/// Changes the completion word and wakes everyone, whatever the waiting bit says (a dead worker may have eaten it).
void wake_client(const ReplyView& reply) noexcept;

}  // namespace ringmaster::shm
