#pragma once

#include <cstdint>

namespace ringmaster::keeper {

/// How to start the next supervisor.
struct NextStart {
  std::uint64_t at_ns = 0;
  bool cold = false;           ///< workers are killed and fenced first; sessions end as lost
  bool drop_deposits = false;  ///< even a cold start failed: all deposits but listeners and locks are released first
};

/// Decides when and how a successor of a dead supervisor is started. Pure: time is an argument.
///
/// warm ──3 deaths in 10 s, or 3 in a row that never served──▶ failing ──served for 30 s──▶ warm
///
/// A SIGKILL from outside does not count as one of these deaths, because the supervisor's state cannot have caused it.
/// Only 20 of them in 10 s are too many, or 8 in a row without one that served (the out-of-memory killer in a loop).
/// warm: the successor starts at once and adopts everything. failing: a cold start after 1, 2, 4, 8, 16, 30, 30 … s;
/// from the second one on the deposits are dropped, because they may be what kills it.
class RestartPace {
 public:
  static constexpr std::uint64_t kSecond = 1'000'000'000;
  static constexpr std::uint64_t kWindow = 10 * kSecond;
  static constexpr std::uint64_t kStable = 30 * kSecond;
  static constexpr std::uint64_t kLongestDelay = 30 * kSecond;
  static constexpr unsigned kDeaths = 3;
  static constexpr unsigned kKills = 20;
  static constexpr unsigned kKillsUnserved = 8;

  /// The supervisor reports that it serves; further calls for the same supervisor change nothing.
  void on_serving(std::uint64_t now_ns);
  /// `killed`: by a SIGKILL that the keeper did not send.
  [[nodiscard]] NextStart on_death(std::uint64_t now_ns, bool killed = false);
  [[nodiscard]] bool ever_served() const { return ever_served_; }
  [[nodiscard]] bool failing() const { return failures_ > 0; }

 private:
  /// The times of the last N deaths of one kind, in a ring.
  template <unsigned N>
  struct Tally {
    /// True when the last N, this one included, came within kWindow.
    bool note(std::uint64_t now_ns) {
      at_ns[count++ % N] = now_ns;
      return count >= N && now_ns - at_ns[count % N] <= kWindow;
    }
    std::uint64_t at_ns[N] = {};
    unsigned count = 0;
  };

  [[nodiscard]] bool note_death(std::uint64_t now_ns, bool killed);

  Tally<kDeaths> deaths_;
  Tally<kKills> kills_;
  unsigned unserved_ = 0;         // deaths since the last supervisor that served
  unsigned killed_unserved_ = 0;  // kills since then
  unsigned failures_ = 0;         // cold starts since the last supervisor that served for long enough
  std::uint64_t serving_since_ns_ = 0;
  bool serving_ = false;
  bool ever_served_ = false;
};

/// True if a supervisor's `exit_code` means that a successor would fail too, so that the keeper ends with it: only
/// kExitUnavailable, kExitSocket, kExitConfig and 127 (not executable), and only before any supervisor has served.
[[nodiscard]] bool ends_the_daemon(int exit_code, bool ever_served);

}  // namespace ringmaster::keeper
