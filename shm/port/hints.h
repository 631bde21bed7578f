#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "shm/segment_view.h"

/// Hint bits and masks. A bit says where to look and proves nothing: its reader must check the slot word.
namespace ringmaster::shm {

inline void set_hint(const HintWords& hints, std::uint32_t slot) noexcept {
  // SYNC: seq_cst, pairs with set_idle: either the worker's last scan sees the bit or we see its idle bit. Releases the
  // slot word, which was stored before, to those who scan.
  hints.bits[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_seq_cst);
}
inline void clear_hint(const HintWords& hints, std::uint32_t slot) noexcept {
  // SYNC: seq_cst: if this clears the bit of a set_hint, our next look at the slot word sees what that published.
  hints.bits[slot / 64].fetch_and(~(std::uint64_t{1} << (slot % 64)), std::memory_order_seq_cst);
}

/// Sets the ready bit of a slot that is Ready. True: it was not set, so perhaps no worker knows of the job.
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

/// True when a worker sleeps while none spins or stands by: then a bell must be rung. Call it after set_hint: this
/// order is one half of the wake protocol.
[[nodiscard]] inline bool should_ring(const BoardRecord& board) noexcept {
  std::uint64_t idle = 0;
  for (std::uint32_t i = 0; i < kBoardWords; ++i) {
    // SYNC: seq_cst, pairs with clear_spin and set_idle, and with set_hint before it.
    if (board.spin[i].load(std::memory_order_seq_cst) != 0) return false;
    idle |= board.idle[i].load(std::memory_order_seq_cst);
  }
  // SYNC: seq_cst, pairs with leave_role: the standby worker looks once more after it has left.
  return idle != 0 && board.standby.load(std::memory_order_seq_cst) == 0;
}

/// What a worker asks the board for each job: both answers from one pass over its words.
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

/// A role on the board (streamer or standby), which one worker has at a time. take_role: false if another has it.
[[nodiscard]] bool take_role(Word32& role, std::uint32_t place) noexcept;
/// False: this worker does not have the role.
bool leave_role(Word32& role, std::uint32_t place) noexcept;

/// Called by a worker before it sleeps: makes sure that its bits say idle and not spinning, even if others altered
/// them.
void say_asleep(BoardRecord& board, std::uint32_t place) noexcept;

/// Clears the bits and roles of all places without a worker; `living` has a bit for each place with one.
void clear_strangers(BoardRecord& board, const std::uint64_t (&living)[kBoardWords]) noexcept;

/// Clears all bits and roles of one worker, which is dead or will claim nothing more.
void clear_place(BoardRecord& board, std::uint32_t place) noexcept;

/// The lowest bit of the completion word: a client sleeps on exactly this value.
inline constexpr std::uint32_t kWaitingBit = 1;

/// Tells the client that a slot is terminal, or that its job has a new message: done bit, count, and a wake-up if
/// somebody sleeps.
void announce_done(const ReplyView& reply, std::uint32_t slot) noexcept;

/// Changes the completion word and wakes all waiters, even without the waiting bit: a worker may have cleared it and
/// died before it woke them.
void wake_client(const ReplyView& reply) noexcept;

}  // namespace ringmaster::shm
