#pragma once

#include <cstdint>

#include "shm/port/hints.h"

namespace ringmaster::worker {

/// Two roles on a pool's board, for when one worker is enough: the *streamer* runs short jobs one after the other, and
/// the *standby* sleeps beside it a half millisecond at a time, to take what the streamer turns out not to take. While
/// somebody stands by nobody is rung, so a second worker costs a stream nothing. A wrong word costs speed, never a job:
/// who stands by looks at all sessions, whatever the streamer does.
///
/// Belongs to one worker's loop; the words are shared (shm/DESIGN.md, "Streamer and standby").
class Streaming {
 public:
  static constexpr std::uint64_t kShortNs = 2'000;   ///< A job that another worker would take as long to be woken for.
  static constexpr std::uint64_t kLongNs = 100'000;  ///< One of these ends a stream.
  static constexpr std::uint64_t kTickNs = 500'000;  ///< The longest sleep of who stands by.
  static constexpr std::uint64_t kWaitsNs =
      250'000;                             ///< A job that is older than this waits: the streamer is not enough.
  static constexpr unsigned kStreak = 32;  ///< Short jobs in a row that make a stream.

  Streaming(shm::BoardRecord& board, std::uint32_t place) noexcept : board_(board), place_(place) {}

  /// A job of this worker has ended. True: it streams from now on and nobody stands by, so that one of those who sleep
  /// should be woken.
  [[nodiscard]] bool ended(std::uint64_t ran_ns) noexcept {
    if (ran_ns > kShortNs) return ended_late(ran_ns);
    if (streak_ < 2 * kStreak) ++streak_;
    if (streams_) return still_streams();
    return streak_ >= kStreak && start();
  }
  /// The stream is over: clients ring again.
  void stop() noexcept;

  [[nodiscard]] bool streams() const noexcept { return streams_; }
  [[nodiscard]] bool another_streams() const noexcept { return is_anothers(board_.streamer); }
  [[nodiscard]] bool another_stands_by() const noexcept { return is_anothers(board_.standby); }
  [[nodiscard]] bool someone_stands_by() const noexcept {
    // SYNC: seq_cst: what was published before is seen by a look of whoever stands by now.
    return board_.standby.load(std::memory_order_seq_cst) != 0;
  }

  /// True: this worker stands by from now on; it must not sleep longer than kTickNs at a time, and look at all sessions
  /// each time. To be asked with its idle bit set.
  [[nodiscard]] bool stand_by() noexcept;
  /// It stands by no longer. Before the look that follows.
  void leave() noexcept { (void)shm::leave_role(board_.standby, place_); }
  /// Work waits: whoever streams is stuck or not enough, and streams no longer.
  void end_anothers() noexcept;

 private:
  [[nodiscard]] bool is_anothers(const shm::Word32& role) const noexcept {
    // SYNC: seq_cst, pairs with take_role and leave_role.
    const std::uint32_t holder = role.load(std::memory_order_seq_cst);
    return holder != 0 && holder != place_ + 1;
  }
  [[nodiscard]] bool start() noexcept;
  [[nodiscard]] bool still_streams() noexcept;
  [[nodiscard]] bool ended_late(std::uint64_t ran_ns) noexcept;

  shm::BoardRecord& board_;
  std::uint32_t place_;
  unsigned streak_ = 0;
  bool streams_ = false;
};

}  // namespace ringmaster::worker
