#pragma once

#include <cstddef>
#include <cstdint>

namespace ringmaster::core {

/// Whether a pool has ever had a ready worker, and whether one can be expected. Used by the daemon's start, by
/// refusals, and by those who wait for the pool's handlers.
///
///   Starting ──────────ready──────────▶ Serving ──quarantine──▶ Failing
///      │ ▲                                ▲  ▲                     │
///      ▼ │ quarantine left                │  └──ready, quarantine──┘
///   NeverReady ───────ready───────────────┘             left
class Availability {
 public:
  enum class State : std::uint8_t {
    Starting,    ///< no worker has been ready yet, and none has failed for good
    NeverReady,  ///< no worker has been ready, and none will be for now
    Serving,
    Failing,  ///< a worker has been ready earlier, but none will be for now
  };
  enum class Event : std::uint8_t {
    BecameReady,    ///< or was taken over as ready
    BootFailed,     ///< a worker ended before it was ready, or could not be started
    StartTimedOut,  ///< a worker is not ready in time
    Quarantined,
    QuarantineLeft,
  };

  /// A pool counts as failed when more workers in a row than it has seats have ended before they were ready.
  explicit Availability(std::size_t seats) : seats_(seats) {}

  /// True: those who wait for the pool's handlers must be told that there will be none for now.
  bool handle(Event event);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// True once a worker has been ready, or it is clear that none will be for now.
  [[nodiscard]] bool judged() const noexcept { return state_ != State::Starting; }
  [[nodiscard]] bool failing() const noexcept { return state_ == State::NeverReady || state_ == State::Failing; }

 private:
  [[nodiscard]] bool was_ready() const noexcept { return state_ == State::Serving || state_ == State::Failing; }
  bool boot_failed();

  std::size_t seats_;
  State state_ = State::Starting;
  std::size_t boot_failures_ = 0;  ///< since a worker was ready
};

}  // namespace ringmaster::core
