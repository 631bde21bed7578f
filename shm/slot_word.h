#pragma once

#include <cstdint>
#include <optional>

#include "shm/cause.h"

namespace ringmaster::shm {

/// The state of a slot. 0 never decodes, so zeroed memory is not a job.
enum class SlotState : std::uint8_t {
  Invalid = 0,
  Free = 1,
  Ready = 2,
  Running = 3,
  Condemned = 4,
  Done = 5,
  Failed = 6,
  Cancelled = 7
};

/// The worker that owns a slot: its index in the daemon's worker table and its incarnation there, 12 bits each.
struct Owner {
  std::uint16_t worker = 0;
  std::uint16_t incarnation = 0;
  friend bool operator==(const Owner&, const Owner&) = default;
};
inline constexpr std::uint16_t kOwnerMask = 0xFFF;

/// The 64-bit word that alone decides the state of a slot:
///
///     63            32 31   28 27     24 23       12 11           0
///     | seq            | state | attempt | worker   | incarnation |     Free .. Condemned
///     | seq            | state | attempt | cause:8  | detail:16   |     Done, Failed, Cancelled
///
/// A value type: the caller reads and writes the shared memory. Any 64 bits can be decoded; none are trusted.
class SlotWord {
 public:
  constexpr SlotWord() = default;
  constexpr explicit SlotWord(std::uint64_t bits) noexcept : bits_(bits) {}

  [[nodiscard]] static constexpr SlotWord free_slot(std::uint32_t seq) noexcept {
    return make(seq, SlotState::Free, 0, 0);
  }
  [[nodiscard]] static constexpr SlotWord ready(std::uint32_t seq, unsigned attempt) noexcept {
    return make(seq, SlotState::Ready, attempt, 0);
  }
  [[nodiscard]] static constexpr SlotWord owned(std::uint32_t seq, SlotState state, unsigned attempt,
                                                Owner owner) noexcept {
    return make(seq, state, attempt,
                (std::uint32_t{owner.worker} & kOwnerMask) << 12 | (std::uint32_t{owner.incarnation} & kOwnerMask));
  }
  [[nodiscard]] static constexpr SlotWord terminal(std::uint32_t seq, SlotState state, unsigned attempt, Cause cause,
                                                   std::uint16_t detail = 0) noexcept {
    return make(seq, state, attempt, std::uint32_t{static_cast<std::uint8_t>(cause)} << 16 | detail);
  }

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr std::uint32_t seq() const noexcept { return static_cast<std::uint32_t>(bits_ >> 32); }
  [[nodiscard]] constexpr SlotState state() const noexcept {
    const auto raw = static_cast<unsigned>(bits_ >> 28) & 0xF;
    return raw <= 7 ? static_cast<SlotState>(raw) : SlotState::Invalid;
  }
  [[nodiscard]] constexpr unsigned attempt() const noexcept { return static_cast<unsigned>(bits_ >> 24) & 0xF; }
  [[nodiscard]] constexpr Owner owner() const noexcept {
    return {static_cast<std::uint16_t>((bits_ >> 12) & kOwnerMask), static_cast<std::uint16_t>(bits_ & kOwnerMask)};
  }
  [[nodiscard]] constexpr Cause cause() const noexcept {
    const auto raw = static_cast<std::uint8_t>(bits_ >> 16);
    return raw <= static_cast<std::uint8_t>(kLastCause) ? static_cast<Cause>(raw) : Cause::None;
  }
  [[nodiscard]] constexpr std::uint16_t detail() const noexcept { return static_cast<std::uint16_t>(bits_); }

  [[nodiscard]] constexpr bool is_terminal() const noexcept {
    return state() == SlotState::Done || state() == SlotState::Failed || state() == SlotState::Cancelled;
  }
  /// Running or Condemned: the owner bits are valid.
  [[nodiscard]] constexpr bool is_owned() const noexcept {
    return state() == SlotState::Running || state() == SlotState::Condemned;
  }
  /// A job that a worker may claim: Ready, with a seq and without an owner.
  [[nodiscard]] constexpr bool is_claimable() const noexcept {
    return state() == SlotState::Ready && seq() != 0 && low24() == 0;
  }
  /// False: nobody who keeps to the protocol can have written this word. The owner bits of an owned word are not
  /// checked, because a worker may have written them: the client must not be blamed for that.
  [[nodiscard]] constexpr bool is_possible() const noexcept {
    switch (state()) {
      case SlotState::Invalid:
        return false;
      case SlotState::Free:
        return attempt() == 0 && low24() == 0;
      case SlotState::Ready:
        return is_claimable();
      case SlotState::Running:
      case SlotState::Condemned:
      case SlotState::Done:
      case SlotState::Failed:
      case SlotState::Cancelled:
        return seq() != 0;
    }
    return false;
  }
  friend constexpr bool operator==(SlotWord, SlotWord) = default;

 private:
  [[nodiscard]] constexpr std::uint32_t low24() const noexcept { return static_cast<std::uint32_t>(bits_ & 0xFFFFFF); }
  [[nodiscard]] static constexpr SlotWord make(std::uint32_t seq, SlotState state, unsigned attempt,
                                               std::uint32_t low24) noexcept {
    return SlotWord(std::uint64_t{seq} << 32 | std::uint64_t{static_cast<std::uint8_t>(state)} << 28 |
                    std::uint64_t{attempt & 0xF} << 24 | low24);
  }
  std::uint64_t bits_ = 0;
};

/// The job that a worker runs or is about to claim, written in its own lane, where no client can write:
/// session index:16 | slot:16 | seq:32. 0 is "nothing" (seq is never 0).
struct Intent {
  std::uint16_t session = 0;
  std::uint16_t slot = 0;
  std::uint32_t seq = 0;

  [[nodiscard]] constexpr std::uint64_t pack() const noexcept {
    return std::uint64_t{session} << 48 | std::uint64_t{slot} << 32 | seq;
  }
  [[nodiscard]] static constexpr std::optional<Intent> unpack(std::uint64_t bits) noexcept {
    if (static_cast<std::uint32_t>(bits) == 0) return std::nullopt;
    return Intent{static_cast<std::uint16_t>(bits >> 48), static_cast<std::uint16_t>(bits >> 32),
                  static_cast<std::uint32_t>(bits)};
  }
  friend bool operator==(const Intent&, const Intent&) = default;
};

/// The public id of a job: the session's serial (unique for the daemon's life) and the job's seq in it.
[[nodiscard]] constexpr std::uint64_t make_job_id(std::uint32_t session_serial, std::uint32_t seq) noexcept {
  return std::uint64_t{session_serial} << 32 | seq;
}
/// The seq after `seq`: counts modulo 2^32 and skips 0.
[[nodiscard]] constexpr std::uint32_t next_seq(std::uint32_t seq) noexcept { return seq + 1 == 0 ? 1 : seq + 1; }
/// True when `seq` was given later than `other`. Right as long as they are less than 2^31 apart (modulo 2^32).
[[nodiscard]] constexpr bool seq_after(std::uint32_t seq, std::uint32_t other) noexcept {
  return static_cast<std::int32_t>(seq - other) > 0;
}

}  // namespace ringmaster::shm
