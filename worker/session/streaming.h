#pragma once

#include <cstdint>

#include "shm/port/hints.h"

namespace ringmaster::worker {

/// Two roles on a pool's board, for when one worker is enough: the *streamer* runs short jobs one after the other,
/// while the *standby* wakes every half millisecond to take jobs that the streamer does not get to. As long as there is
/// a standby no client rings, so the streamer is not slowed down. A wrong word costs speed, never a job: the standby
/// looks at all sessions, whatever the streamer does.
///
/// Belongs to one worker's loop; the words are shared (shm/DESIGN.md, "Streamer and standby").
class Streaming {
 public:
  static constexpr std::uint64_t kShortNs = 2'000;   ///< A short job: waking another worker for it would take as long.
  static constexpr std::uint64_t kLongNs = 100'000;  ///< One of these ends a stream.
  static constexpr std::uint64_t kTickNs = 500'000;  ///< How long the standby sleeps at most.
  static constexpr std::uint64_t kWaitsNs =
      250'000;                             ///< An older job counts as waiting: the streamer alone is not enough.
  static constexpr unsigned kStreak = 32;  ///< Short jobs in a row after which a worker streams.

  Streaming(shm::BoardRecord& board, std::uint32_t place) noexcept : board_(board), place_(place) {}

  /// A job of this worker has ended. True: it streams from now on and there is no standby, so that a sleeping worker
  /// should be woken.
  [[nodiscard]] bool ended(std::uint64_t ran_ns) noexcept {
    if (ran_ns > kShortNs) return ended_late(ran_ns);
    if (streak_ < 2 * kStreak) ++streak_;
    if (streams_) return still_streams();
    return streak_ >= kStreak && start();
  }
  /// Ends the stream: clients ring again.
  void stop() noexcept;

  [[nodiscard]] bool streams() const noexcept { return streams_; }
  [[nodiscard]] bool another_streams() const noexcept { return is_anothers(board_.streamer); }
  [[nodiscard]] bool another_stands_by() const noexcept { return is_anothers(board_.standby); }
  [[nodiscard]] bool someone_stands_by() const noexcept {
    // SYNC: seq_cst: what was published before is seen by the next look of the standby.
    return board_.standby.load(std::memory_order_seq_cst) != 0;
  }

  /// True: this worker is the standby from now on: it must sleep at most kTickNs at a time and then look at all
  /// sessions. REQUIRES: its idle bit is set.
  [[nodiscard]] bool stand_by() noexcept;
  /// Gives the standby role up. Call it before the next look.
  void leave() noexcept { (void)shm::leave_role(board_.standby, place_); }
  /// Ends another worker's stream: a job waits, so that worker is stuck or not fast enough.
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
