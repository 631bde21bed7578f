#pragma once

#include <cstdint>
#include <vector>

namespace ringmaster::core {

/// The life of one pool that a client has created.
///
///   Created ──held──▶ Serving ──unwanted──▶ Draining ──workers gone──▶ Removing ──sessions gone──▶ Removed
///      └──── not held, unwanted ────────────────────────────────────────────────────────────────────▲
///
/// Unwanted: somebody who may has dropped it, or its owner is gone. While it is Created nobody knows of it and nothing
/// runs, so that it goes without a drain. What a state promises stands in the ledger before its effects are carried
/// out: a successor carries them out again, or undoes a pool that was never served.
class CreatedLife {
 public:
  enum class State : std::uint8_t { Created, Serving, Draining, Removing, Removed };
  enum class Event : std::uint8_t {
    Held,         ///< the keeper holds all that a successor needs of it
    NotHeld,      ///< its table is full
    Unwanted,     ///< dropped, or without an owner; also again
    WorkersGone,  ///< every worker's exit is acknowledged (tell it when it is so, repeatedly is harmless)
    SessionsGone  ///< likewise: no session is on it any more
  };
  enum class Effect : std::uint8_t {
    Serve,        ///< start its workers; whoever created it may be told
    Refuse,       ///< whoever created it is told that there is no room
    Drain,        ///< no new work; queued jobs end, running ones may for a while
    EndSessions,  ///< all that are on it
    Forget        ///< deposits, place and charge: nothing of it is left; whoever dropped it may be told
  };

  explicit CreatedLife(State state = State::Created) : state_(state) {}

  [[nodiscard]] std::vector<Effect> handle(Event event);
  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  std::vector<Effect> become(State state, std::vector<Effect> effects);

  State state_;
};

[[nodiscard]] const char* to_string(CreatedLife::State state);

}  // namespace ringmaster::core
