#include "daemon/core/worker/worker_talk.h"

#include <utility>

namespace ringmaster::core {

using Verdict = WorkerTalk::Verdict;

WorkerTalk WorkerTalk::taken_over(bool ready) {
  WorkerTalk talk;
  talk.state_ = ready ? State::Ready : State::New;
  talk.lenient_ = !ready;
  talk.late_ = kLateAnswers;
  return talk;
}

void WorkerTalk::gave(std::uint32_t serial) { sessions_[serial].given = true; }

void WorkerTalk::asked_back(std::uint32_t serial) { ++sessions_[serial].asked_back; }

bool WorkerTalk::holds(std::uint32_t serial) const {
  const auto at = sessions_.find(serial);
  return at != sessions_.end() && (at->second.given || at->second.held);
}

// clang-format off
//             Hello      piece      last piece   Ready    BootFailed  answers   Leftovers  Fault  Leaving  AskRoom  Output
//  New        Greeted    -          -            -        Failed      -         -          -      -        -        -
//  Greeted    -          Greeted    Described    -        Failed      -         -          once   -        -        -
//  Described  -          -          -            Ready    Failed      -         -          once   -        -        -
//  Ready      -          -          -            -        -           as asked  paced      once   once     heard    heard
//  Failed     -          -          -            -        -           -         -          once   -        -        -
// clang-format on
Verdict WorkerTalk::hear(TimePoint now, Said said, std::uint32_t serial) {
  if (lenient_) return Verdict::Heard;
  switch (said) {
    case Said::Hello:
    case Said::HandlersPiece:
    case Said::LastHandlersPiece:
    case Said::Ready:
    case Said::BootFailed:
      return advance(said);
    case Said::Attached:
    case Said::Detached:
    case Said::Broken:
      if (state_ != State::Ready) return violation("spoke of a session before it was ready");
      return answer(said, serial);
    case Said::Leftovers:
      if (state_ != State::Ready) return violation("reported what jobs left behind before it was ready");
      if (too_many_reports(now)) return violation("reported without end what jobs left behind");
      return Verdict::Heard;
    case Said::Fault:
      if (state_ == State::New) return violation("said that it had faulted before it had said hello");
      if (faulted_) return violation("said a second time that it had faulted");
      faulted_ = true;
      return Verdict::Heard;
    case Said::AskRoom:
      if (state_ != State::Ready) return violation("asked for room before it was ready");
      return Verdict::Heard;
    case Said::Output:
      if (state_ != State::Ready) return violation("passed its output on before it was ready");
      return Verdict::Heard;
    case Said::Leaving:
      if (state_ != State::Ready) return violation("said that it leaves before it was ready");
      if (std::exchange(leaving_, true)) return violation("said a second time that it leaves");
      return Verdict::Heard;
  }
  return violation("sent a message that no worker sends");
}

// What is wrong with this message at this time; empty: nothing.
std::string_view WorkerTalk::wrong_in_boot(Said said) const {
  if (said == Said::Hello) return state_ == State::New ? "" : "said hello a second time";
  if (said == Said::BootFailed) {
    if (state_ == State::Failed) return "said a second time that it cannot start";
    return state_ == State::Ready ? "said that it cannot start after it was ready" : "";
  }
  if (state_ == State::Failed) return "went on after it had said that it cannot start";
  if (said == Said::Ready) {
    if (state_ == State::Ready) return "said a second time that it is ready";
    return state_ == State::Described ? "" : "said that it is ready without naming its handlers";
  }
  return state_ == State::Greeted ? "" : "named its handlers out of turn";
}

Verdict WorkerTalk::advance(Said said) {
  if (const std::string_view wrong = wrong_in_boot(said); !wrong.empty()) return violation(wrong);
  if (said == Said::Hello) state_ = State::Greeted;
  if (said == Said::LastHandlersPiece) state_ = State::Described;
  if (said == Said::Ready) state_ = State::Ready;
  if (said == Said::BootFailed) state_ = State::Failed;
  return Verdict::Heard;
}

Verdict WorkerTalk::answer(Said said, std::uint32_t serial) {
  const auto at = sessions_.find(serial);
  const bool known = at != sessions_.end();
  Session session = known ? at->second : Session{};
  // Orders are answered in sequence: a session cannot be detached before it was attached.
  const bool due = said == Said::Attached   ? session.given
                   : said == Said::Detached ? session.asked_back != 0 && !session.given
                                            : session.given || session.held;
  if (!due && late_ == 0) {
    if (said == Said::Attached) return violation("took a session that it was not given, or had answered for");
    if (said == Said::Detached) return violation("gave back a session that it was not asked for");
    return violation("refused a session that it does not hold");
  }
  if (!due) {
    --late_;
    // This may be the answer to our own order.
    if (known && said == Said::Attached) at->second.held = true;
    return Verdict::Late;
  }
  session.given = false;
  session.held = said == Said::Attached;
  if (said == Said::Detached) --session.asked_back;
  if (session.held || session.asked_back != 0) {
    sessions_[serial] = session;
  } else {
    sessions_.erase(at);
  }
  return Verdict::Heard;
}

bool WorkerTalk::too_many_reports(TimePoint now) {
  if (now - second_ >= std::chrono::seconds{1}) second_ = now, reports_ = 0;
  return ++reports_ > kReportsPerSecond;
}

Verdict WorkerTalk::violation(std::string_view complaint) {
  complaint_ = complaint;
  return Verdict::Violation;
}

}  // namespace ringmaster::core
