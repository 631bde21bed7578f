#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"

namespace ringmaster::keeper {

/// Whether the supervisor still answers. Pure: time is told from outside, in nanoseconds of a monotonic clock.
///
/// heard ──kAskAfterNs after the last question──▶ asked ──kAnswerLimitNs without a packet──▶ too silent
/// and by any packet back to heard. What else is heard does not put the next question off: the supervisor, too, knows
/// by it that its keeper lives.
///
/// So an idle supervisor need not wake up to beat, and a hang is found after kAskAfterNs + kAnswerLimitNs at the
/// latest. Silence after the question is added up look by look, and one look adds at most kLongestLook: a keeper that
/// was itself stopped or not scheduled for a minute charges the supervisor with one look and not with a minute.
class BeatJudge {
 public:
  static constexpr std::uint64_t kLook = 1'000'000'000;  ///< how often to look while an answer is awaited
  static constexpr std::uint64_t kLongestLook = 1'250'000'000;

  /// A supervisor was started: it counts as heard.
  void start(std::uint64_t now_ns);
  /// A packet of it was read.
  void heard();
  /// REQUIRES: called after every packet waiting in the link has been told by heard(); by next_look_ns() at the latest.
  void look(std::uint64_t now_ns);
  /// The question was put into the link (or need not be any more: a link that is closed is never answered).
  void asked() { ask_ = false; }

  /// A question is due.
  [[nodiscard]] bool wants_to_ask() const { return ask_; }
  [[nodiscard]] bool too_silent() const { return silence_ns_ >= kAnswerLimitNs; }
  /// Since it was asked.
  [[nodiscard]] std::uint64_t silence_ns() const { return silence_ns_; }
  [[nodiscard]] std::uint64_t next_look_ns() const { return waiting_ ? last_look_ns_ + kLook : ask_at_ns_; }

 private:
  std::uint64_t ask_at_ns_ = 0;
  std::uint64_t last_look_ns_ = 0;
  std::uint64_t silence_ns_ = 0;
  bool waiting_ = false;  // for an answer
  bool ask_ = false;      // and the question is still to be sent
};

}  // namespace ringmaster::keeper
