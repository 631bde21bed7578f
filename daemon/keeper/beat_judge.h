#pragma once

#include <cstdint>

#include "daemon/keeper/deposit.h"

namespace ringmaster::keeper {

/// Whether the supervisor still beats. Pure: time is told from outside, in nanoseconds of a monotonic clock.
///
/// Silence is added up look by look, and one look adds at most kLongestLook. So a keeper that was itself stopped or not
/// scheduled for a minute charges the supervisor with one look and not with a minute.
class BeatJudge {
 public:
  static constexpr std::uint64_t kLongestLook = 1'250'000'000;

  /// A supervisor was started: its silence is 0.
  void start(std::uint64_t now_ns);
  void beat(std::uint64_t now_ns);
  /// REQUIRES: called after every beat waiting in the link has been told by beat(), at least once a second.
  void look(std::uint64_t now_ns);
  [[nodiscard]] bool too_silent() const { return silence_ns_ >= kSilenceLimitNs; }
  [[nodiscard]] std::uint64_t silence_ns() const { return silence_ns_; }

 private:
  std::uint64_t last_look_ns_ = 0;
  std::uint64_t silence_ns_ = 0;
};

}  // namespace ringmaster::keeper
