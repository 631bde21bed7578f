#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// Which messages a worker may send on its control socket, and when. A worker runs foreign code, so a message that is
/// not allowed is ignored and the worker is killed. Pure; WorkerProcess asks about every message.
///
/// Hello → its handler table in pieces → Ready, each once. Before Ready it may send BootFailed instead, and then only
/// Fault. It may send messages about a session only if it has an Attach or Detach to answer, or has the session.
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
    Leaving,
    AskRoom,  ///< for a result, or for a request's parcel
    Output,
  };
  enum class State : std::uint8_t { New, Greeted, Described, Ready, Failed };

  WorkerTalk() = default;
  /// For a process that a predecessor had started. If it is not `ready` it is about to be killed, and every message is
  /// allowed. Answers to the predecessor's orders may still come: as many as there can be sessions are accepted.
  [[nodiscard]] static WorkerTalk taken_over(bool ready);

  /// An Attach was sent for the session; a Detach was sent.
  void gave(std::uint32_t serial);
  void asked_back(std::uint32_t serial);
  /// True if the session was attached and has not been detached.
  [[nodiscard]] bool holds(std::uint32_t serial) const;

  enum class Verdict : std::uint8_t {
    Heard,      ///< allowed: act on it
    Late,       ///< an answer to a predecessor's order
    Violation,  ///< see complaint()
  };
  [[nodiscard]] Verdict hear(TimePoint now, Said said, std::uint32_t serial = 0);
  /// What was wrong with the last message; continues a sentence that begins with "it".
  [[nodiscard]] std::string_view complaint() const { return complaint_; }

  [[nodiscard]] State state() const { return state_; }
  /// The number of sessions that are tracked.
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

  static constexpr unsigned kLateAnswers = 1024;
  /// Ample: a worker looks at most every 10 ms for what its jobs left behind.
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
  bool leaving_ = false;
  unsigned late_ = 0;
  std::map<std::uint32_t, Session> sessions_;
  TimePoint second_{};  ///< the second of its last report
  unsigned reports_ = 0;
  std::string_view complaint_;
};

}  // namespace ringmaster::core
