#pragma once

#include <algorithm>
#include <chrono>

#include "client/types/outcome.h"

namespace ringmaster::client {

/// Decides whether to spin before the next sleep, by how earlier spins went. Spins find nothing while jobs take longer
/// than a spin. They do harm if the machine has no free CPU: the thread loses its CPU in the middle of a spin (or gives
/// it away, and gets it back late), or keeps it from the worker that it waits for. After either there is a pause
/// without spins. It doubles if the next try is as bad, and shrinks slowly with good ones, so that it keeps growing if
/// one spin in ten loses its CPU. Pure: time is an argument. Guarded by the session's mutex.
class SpinJudge {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool spins(TimePoint now) const noexcept { return now >= pause_end_; }
  /// Notes a spin that lasted from `begin` to `end`, with a limit of `budget`; `found`: a job has ended.
  void spun(bool found, Duration budget, TimePoint begin, TimePoint end) noexcept {
    if (end - begin > std::min(budget, kLongest) + kOthersCpu) {
      pause(end, kLostPause);
    } else if (found) {
      vain_ = 0;
      pause_ -= pause_ / 16;
    } else if (++vain_ >= kPatience) {
      vain_ = kPatience - 1;  // after the pause one spin in vain is enough
      pause(end, kVainPause);
    }
  }

 private:
  static constexpr Duration kOthersCpu = std::chrono::microseconds(100);  // beyond the budget: it lost its CPU
  static constexpr Duration kLostPause = std::chrono::milliseconds(10);
  static constexpr Duration kVainPause = std::chrono::milliseconds(1);
  static constexpr Duration kLongest = std::chrono::seconds(1);
  static constexpr unsigned kPatience = 16;  // so many spins in vain, one after another

  void pause(TimePoint now, Duration shortest) noexcept {
    pause_ = std::clamp(2 * pause_, shortest, kLongest);
    pause_end_ = now + pause_;
  }

  TimePoint pause_end_{};
  Duration pause_{0};
  unsigned vain_ = 0;
};

}  // namespace ringmaster::client
