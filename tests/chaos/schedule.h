#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

namespace ringmaster::chaos {

using Nanos = std::chrono::nanoseconds;

enum class Act : std::uint8_t {
  KillWorker,
  StopWorker,  ///< SIGSTOP, and SIGCONT after Step::length
  TermWorker,
  KillSupervisor,
  StopSupervisor,
  TermSupervisor,
  KillClient,
  StopClient,
  TermClient,
  Drain,  ///< of pool `pick`, and its resume after `length`
};
inline constexpr unsigned kActs = 10;
[[nodiscard]] const char* to_string(Act act) noexcept;

struct Step {
  Nanos at{0};  ///< since the begin
  Act act = Act::KillWorker;
  std::uint32_t pick = 0;  ///< modulo how many there are, in the order of their pids
  Nanos length{0};
  bool operator==(const Step&) const = default;
};

/// How often each act is done in a minute, on average.
struct Pace {
  unsigned per_minute[kActs] = {480, 40, 20, 60, 14, 10, 40, 20, 15, 8};
  [[nodiscard]] unsigned& of(Act act) { return per_minute[static_cast<unsigned>(act)]; }
  [[nodiscard]] unsigned of(Act act) const { return per_minute[static_cast<unsigned>(act)]; }
};

/// The whole schedule. Pure: the same seed, the same steps. Kills of the supervisor stay under what the keeper calls a
/// restart loop, also in the bursts that hit a successor while it takes over.
[[nodiscard]] std::vector<Step> plan_steps(std::uint64_t seed, Nanos length, const Pace& pace);

/// Tells whether one more kill of the supervisor stays under what the keeper calls a restart loop (20 in 10 s, 8 in a
/// row that never served), with a margin. Both the schedule and its executor, which may be late, ask it.
class SupervisorPace {
 public:
  static constexpr Nanos kWindow = std::chrono::seconds(10);
  static constexpr std::size_t kKillsInWindow = 15;
  static constexpr unsigned kInARow = 5;
  static constexpr Nanos kServesWithin = std::chrono::milliseconds(700);  ///< as planned; told by serving() when real

  /// `told`: serving() tells when a successor serves; else it is taken to after kServesWithin.
  explicit SupervisorPace(bool told) : told_(told) {}
  [[nodiscard]] bool allows(Nanos now) const;
  void killed(Nanos now);
  void serving() { in_a_row_ = 0; }

 private:
  [[nodiscard]] unsigned row_at(Nanos now) const;

  bool told_;
  std::deque<Nanos> kills_;  ///< the last kKillsInWindow
  unsigned in_a_row_ = 0;
};

}  // namespace ringmaster::chaos
