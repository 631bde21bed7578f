#pragma once

#include <cstddef>
#include <cstdint>

namespace ringmaster::core {

/// Whether a pool has had a worker that was ready, and whether it can be expected to have one: what a daemon that
/// starts, a client that is refused and whoever waits for the pool's handlers go by.
///
///   Starting ──────────ready──────────▶ Serving ──quarantine──▶ Failing
///      │ ▲                                ▲  ▲                     │
///      ▼ │ quarantine left                │  └──ready, quarantine──┘
///   NeverReady ───────ready───────────────┘             left
class Availability {
 public:
  enum class State : std::uint8_t {
    Starting,    ///< nobody has been ready, and nothing speaks against it yet
    NeverReady,  ///< nobody has been ready, nor will be for now
    Serving,
    Failing,  ///< somebody has been ready; its successors are not for now
  };
  enum class Event : std::uint8_t {
    BecameReady,    ///< or was taken over so
    BootFailed,     ///< a worker ended before it was ready, or could not be started
    StartTimedOut,  ///< a worker is not ready in time
    Quarantined,
    QuarantineLeft,
  };

  /// A pool may lose as many workers in their boot as it has seats, one after the other, before it counts as failed.
  explicit Availability(std::size_t seats) : seats_(seats) {}

  /// True: who waits for the pool's handlers waits in vain for now.
  bool handle(Event event);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// A worker has been ready, or it is clear that none will be for now.
  [[nodiscard]] bool judged() const noexcept { return state_ != State::Starting; }
  [[nodiscard]] bool failing() const noexcept { return state_ == State::NeverReady || state_ == State::Failing; }

 private:
  [[nodiscard]] bool was_ready() const noexcept { return state_ == State::Serving || state_ == State::Failing; }
  bool boot_failed();

  std::size_t seats_;
  State state_ = State::Starting;
  std::size_t boot_failures_ = 0;  ///< since somebody was ready
};

}  // namespace ringmaster::core
