#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// What one worker process may say on its control socket, and when. A worker runs somebody else's code: what it says
/// out of turn is not acted upon, and it is ended for it. Pure; its WorkerProcess asks it about every message.
///
/// Hello → its handlers' table in pieces → Ready, each once; before Ready it may say instead that it cannot start, and
/// then nothing more but how it dies. About a session it speaks when it was given it and has not answered, or holds it.
class WorkerTalk {
 public:
  enum class Said : std::uint8_t {
    Hello,
    HandlersPiece,
    LastHandlersPiece,
    Ready,
    BootFailed,
    Attached,
    Detached,
    Broken,
    Leftovers,
    Fault,
  };
  enum class State : std::uint8_t { New, Greeted, Described, Ready, Failed };

  WorkerTalk() = default;
  /// Of a process that a predecessor had started. `ready`: else it is about to be killed, and may say what it likes.
  /// Answers to the predecessor's orders are still on their way: as many as a table has sessions are let pass.
  [[nodiscard]] static WorkerTalk taken_over(bool ready);

  /// The session was given to it; it is asked for it back.
  void gave(std::uint32_t serial);
  void asked_back(std::uint32_t serial);
  /// It was given the session, and has not given it back since.
  [[nodiscard]] bool holds(std::uint32_t serial) const;

  enum class Verdict : std::uint8_t {
    Heard,      ///< to be acted upon
    Late,       ///< an answer to a predecessor's order
    Violation,  ///< see complaint()
  };
  [[nodiscard]] Verdict hear(TimePoint now, Said said, std::uint32_t serial = 0);
  /// What was wrong with the last message, as the end of a sentence that begins with "it".
  [[nodiscard]] std::string_view complaint() const { return complaint_; }

  [[nodiscard]] State state() const { return state_; }
  /// Sessions that something is known of.
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

  static constexpr unsigned kLateAnswers = 1024;
  /// A worker looks each 10 ms at most at what its jobs left behind.
  static constexpr unsigned kReportsPerSecond = 1000;

 private:
  struct Session {
    bool given = false;  ///< not answered yet
    bool held = false;
    unsigned asked_back = 0;  ///< not answered yet
  };

  [[nodiscard]] std::string_view wrong_in_boot(Said said) const;
  [[nodiscard]] Verdict advance(Said said);
  [[nodiscard]] Verdict answer(Said said, std::uint32_t serial);
  [[nodiscard]] bool too_many_reports(TimePoint now);
  [[nodiscard]] Verdict violation(std::string_view complaint);

  State state_ = State::New;
  bool lenient_ = false;
  bool faulted_ = false;
  unsigned late_ = 0;
  std::map<std::uint32_t, Session> sessions_;
  TimePoint second_{};  ///< in which it reported last
  unsigned reports_ = 0;
  std::string_view complaint_;
};

}  // namespace ringmaster::core
