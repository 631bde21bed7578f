#pragma once

#include <algorithm>
#include <chrono>

#include "base/spin_step.h"
#include "client/types/outcome.h"
#include "shm/port/client_port.h"

namespace ringmaster::client {

/// The longest sleep, so that a lost wake-up or a dead daemon is noticed.
inline constexpr Duration kLongestNap = std::chrono::seconds(1);
/// The longest while memory is given back, a portion after each sleep: whoever wants the session's mutex then waits for
/// one portion at most.
inline constexpr Duration kRestingNap = std::chrono::milliseconds(10);

/// Spins until changed() is true, for at most `budget`; returns whether it became true. `cpus`: of this client and of
/// the worker that it waits for; where they are one it gives way instead.
template <typename Changed>
[[nodiscard]] bool spin_until(Changed&& changed, Duration budget, const BothCpus& cpus) noexcept {
  using Clock = std::chrono::steady_clock;
  constexpr int kLooksPerClockRead = 32;
  if (budget <= Duration(0)) return false;
  budget = std::min<Duration>(budget, std::chrono::seconds(1));
  Clock::time_point end{};
  for (;;) {
    for (int look = 0; look < kLooksPerClockRead; ++look) {
      if (changed()) return true;
      pause_cpu();
    }
    const Clock::time_point now = Clock::now();
    if (end == Clock::time_point{}) end = now + budget;
    const CpuMark own = this_cpu();
    cpus.own_is(own);
    if (share_cpu(own, cpus.other())) return give_way(changed, [end] { return Clock::now() >= end; });
    if (now >= end) return false;
  }
}

/// True if a job has ended since observe() returned `seen`. Any thread.
[[nodiscard]] inline bool moved_on(const shm::ClientPort& port, std::uint32_t seen) noexcept {
  // The lowest bit only says that another thread went to sleep.
  return ((port.observe() ^ seen) & ~shm::kWaitingBit) != 0;
}

/// A time limit; reads no clock if there is no limit.
class TimeLimit {
 public:
  explicit TimeLimit(Duration limit) noexcept : forever_(limit >= std::chrono::hours(24 * 365)) {
    if (!forever_ && limit > Duration(0)) end_ = std::chrono::steady_clock::now() + limit;
    none_ = !forever_ && limit <= Duration(0);
  }
  /// 0 or less: over.
  [[nodiscard]] Duration left() const noexcept {
    if (forever_) return kForever;
    return none_ ? Duration(0) : Duration(end_ - std::chrono::steady_clock::now());
  }
  [[nodiscard]] bool at_once() const noexcept { return none_; }

 private:
  bool forever_;
  bool none_ = false;
  std::chrono::steady_clock::time_point end_{};
};

}  // namespace ringmaster::client
