#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"

namespace ringmaster::keeper {

/// Decides whether the supervisor still answers. Pure: time is an argument, in nanoseconds of a monotonic clock.
///
/// heard ──kAskAfterNs after the last question──▶ asked ──kAnswerLimitNs without a packet──▶ too silent
/// and by any packet back to heard. Other packets do not delay the next question, because the question also tells the
/// supervisor that its keeper lives.
///
/// So an idle supervisor need not send anything by itself, and a hang is found after kAskAfterNs + kAnswerLimitNs at
/// the latest. The silence after the question is added up from look to look, and one look adds at most kLongestLook: if
/// the keeper itself was stopped for a minute, the supervisor is not blamed for it.
class BeatJudge {
 public:
  static constexpr std::uint64_t kLook = 1'000'000'000;  ///< how often to look while waiting for an answer
  static constexpr std::uint64_t kLongestLook = 1'250'000'000;

  /// A supervisor was started: it counts as heard.
  void start(std::uint64_t now_ns);
  /// A packet from the supervisor was read.
  void heard();
  /// REQUIRES: heard() was called for every packet in the link; called by next_look_ns() at the latest.
  void look(std::uint64_t now_ns);
  /// The question was sent, or need not be sent because the link is closed.
  void asked() { ask_ = false; }

  /// True if a question must be sent.
  [[nodiscard]] bool wants_to_ask() const { return ask_; }
  [[nodiscard]] bool too_silent() const { return silence_ns_ >= kAnswerLimitNs; }
  /// The silence since the question.
  [[nodiscard]] std::uint64_t silence_ns() const { return silence_ns_; }
  [[nodiscard]] std::uint64_t next_look_ns() const { return waiting_ ? last_look_ns_ + kLook : ask_at_ns_; }

 private:
  std::uint64_t ask_at_ns_ = 0;
  std::uint64_t last_look_ns_ = 0;
  std::uint64_t silence_ns_ = 0;
  bool waiting_ = false;  // an answer is awaited
  bool ask_ = false;      // the question has not been sent yet
};

}  // namespace ringmaster::keeper
