#include "daemon/core/worker/worker_talk.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace ringmaster::core {
namespace {

using Said = WorkerTalk::Said;
using State = WorkerTalk::State;
using Verdict = WorkerTalk::Verdict;

constexpr TimePoint kNow{std::chrono::seconds{100}};
constexpr std::uint32_t kSerial = 7;
constexpr std::array kAll{Said::Hello,      Said::HandlersPiece, Said::LastHandlersPiece, Said::Ready,
                          Said::BootFailed, Said::Attached,      Said::Detached,          Said::Broken,
                          Said::Leftovers,  Said::Fault,         Said::Leaving,           Said::AskRoom,
                          Said::Output};
constexpr std::array kStates{State::New, State::Greeted, State::Described, State::Ready, State::Failed};

void tell(WorkerTalk& talk, Said said, std::uint32_t serial = 0) {
  ASSERT_EQ(talk.hear(kNow, said, serial), Verdict::Heard) << talk.complaint();
}

WorkerTalk in(State state) {
  WorkerTalk talk;
  if (state == State::New) return talk;
  tell(talk, Said::Hello);
  if (state == State::Described || state == State::Ready) tell(talk, Said::LastHandlersPiece);
  if (state == State::Ready) tell(talk, Said::Ready);
  if (state == State::Failed) tell(talk, Said::BootFailed);
  EXPECT_EQ(talk.state(), state);
  return talk;
}

// Every message in every state, of a worker that was given nothing.
TEST(WorkerTalk, EachMessageHasItsTurnAndNoOther) {
  const std::set<std::pair<State, Said>> allowed{
      {State::New, Said::Hello},
      {State::New, Said::BootFailed},
      {State::Greeted, Said::HandlersPiece},
      {State::Greeted, Said::LastHandlersPiece},
      {State::Greeted, Said::BootFailed},
      {State::Greeted, Said::Fault},
      {State::Described, Said::Ready},
      {State::Described, Said::BootFailed},
      {State::Described, Said::Fault},
      {State::Ready, Said::Leftovers},
      {State::Ready, Said::Leaving},
      {State::Ready, Said::AskRoom},
      {State::Ready, Said::Output},
      {State::Ready, Said::Fault},
      {State::Failed, Said::Fault},
  };
  for (const State state : kStates) {
    for (const Said said : kAll) {
      WorkerTalk talk = in(state);
      const bool heard = talk.hear(kNow, said, kSerial) == Verdict::Heard;
      EXPECT_EQ(heard, allowed.contains({state, said})) << int(state) << " " << int(said) << " " << talk.complaint();
      EXPECT_EQ(talk.complaint().empty(), heard);
    }
  }
}

enum class Asked { Nothing, Given, Held, AskedBack, GivenAndAskedBack, Broken };

WorkerTalk ready_and(Asked asked) {
  WorkerTalk talk = in(State::Ready);
  if (asked == Asked::Nothing) return talk;
  talk.gave(kSerial);
  if (asked == Asked::Held || asked == Asked::AskedBack) tell(talk, Said::Attached, kSerial);
  if (asked == Asked::AskedBack || asked == Asked::GivenAndAskedBack) talk.asked_back(kSerial);
  if (asked == Asked::Broken) tell(talk, Said::Broken, kSerial);
  return talk;
}

TEST(WorkerTalk, ItSpeaksOnlyOfSessionsThatItWasGivenAndOnce) {
  struct Row {
    Asked asked;
    bool attached, detached, broken;
  };
  for (const Row& row : {Row{Asked::Nothing, false, false, false}, Row{Asked::Given, true, false, true},
                         Row{Asked::Held, false, false, true}, Row{Asked::AskedBack, false, true, true},
                         Row{Asked::GivenAndAskedBack, true, false, true}, Row{Asked::Broken, false, false, false}}) {
    const auto hears = [&](Said said) {
      WorkerTalk talk = ready_and(row.asked);
      return talk.hear(kNow, said, kSerial) == Verdict::Heard;
    };
    EXPECT_EQ(hears(Said::Attached), row.attached) << int(row.asked);
    EXPECT_EQ(hears(Said::Detached), row.detached) << int(row.asked);
    EXPECT_EQ(hears(Said::Broken), row.broken) << int(row.asked);
  }
}

TEST(WorkerTalk, ASessionIsHeldFromGivingToGivingBack) {
  WorkerTalk talk = in(State::Ready);
  EXPECT_FALSE(talk.holds(kSerial));
  talk.gave(kSerial);
  EXPECT_TRUE(talk.holds(kSerial));
  tell(talk, Said::Attached, kSerial);
  talk.asked_back(kSerial);
  EXPECT_TRUE(talk.holds(kSerial));
  tell(talk, Said::Detached, kSerial);
  EXPECT_FALSE(talk.holds(kSerial));
  EXPECT_EQ(talk.sessions(), 0U) << "nothing is kept of it";
}

// The worker drops a session by itself while it is asked for it back: both of its messages are right.
TEST(WorkerTalk, ABrokenSessionThatWasAskedBackIsAnsweredForTwice) {
  WorkerTalk talk = in(State::Ready);
  talk.gave(kSerial);
  tell(talk, Said::Attached, kSerial);
  talk.asked_back(kSerial);
  tell(talk, Said::Broken, kSerial);
  EXPECT_FALSE(talk.holds(kSerial));
  tell(talk, Said::Detached, kSerial);
  EXPECT_EQ(talk.hear(kNow, Said::Detached, kSerial), Verdict::Violation);
}

TEST(WorkerTalk, SerialsThatWereNeverGivenLeaveNothing) {
  WorkerTalk talk = in(State::Ready);
  for (std::uint32_t serial = 1; serial < 1000; ++serial) {
    EXPECT_EQ(talk.hear(kNow, Said::Attached, serial), Verdict::Violation);
  }
  EXPECT_EQ(talk.sessions(), 0U);
}

TEST(WorkerTalk, AFaultIsSaidOnce) {
  WorkerTalk talk = in(State::Ready);
  tell(talk, Said::Fault);
  EXPECT_EQ(talk.hear(kNow, Said::Fault), Verdict::Violation);
}

TEST(WorkerTalk, ReportsWithoutEndAreAViolation) {
  WorkerTalk talk = in(State::Ready);
  for (unsigned second = 0; second < 3; ++second) {
    const TimePoint now = kNow + std::chrono::seconds{second};
    for (unsigned i = 0; i < WorkerTalk::kReportsPerSecond; ++i) {
      ASSERT_EQ(talk.hear(now, Said::Leftovers), Verdict::Heard);
    }
  }
  EXPECT_EQ(talk.hear(kNow + std::chrono::seconds{2}, Said::Leftovers), Verdict::Violation);
}

TEST(WorkerTalk, AnswersToAPredecessorsOrdersPassAndAreCounted) {
  WorkerTalk talk = WorkerTalk::taken_over(true);
  talk.gave(kSerial);
  tell(talk, Said::Attached, kSerial);  // the predecessor's or ours: it has the session
  EXPECT_EQ(talk.hear(kNow, Said::Attached, kSerial), Verdict::Late);
  EXPECT_TRUE(talk.holds(kSerial));
  for (unsigned i = 1; i < WorkerTalk::kLateAnswers; ++i) {
    ASSERT_EQ(talk.hear(kNow, Said::Detached, 1000 + i), Verdict::Late);
  }
  EXPECT_EQ(talk.hear(kNow, Said::Detached, 1), Verdict::Violation);
  EXPECT_EQ(talk.sessions(), 1U);
  EXPECT_EQ(talk.hear(kNow, Said::Hello), Verdict::Violation) << "it was ready";
}

// The predecessor's Detached comes before the answer to our own Attach.
TEST(WorkerTalk, ALateAnswerDoesNotStandForOurs) {
  WorkerTalk talk = WorkerTalk::taken_over(true);
  talk.gave(kSerial);
  talk.asked_back(kSerial);
  EXPECT_EQ(talk.hear(kNow, Said::Detached, kSerial), Verdict::Late);
  EXPECT_TRUE(talk.holds(kSerial));
  tell(talk, Said::Attached, kSerial);
  tell(talk, Said::Detached, kSerial);
  EXPECT_FALSE(talk.holds(kSerial));
}

TEST(WorkerTalk, WhoIsAboutToBeKilledMaySayWhatItLikes) {
  WorkerTalk talk = WorkerTalk::taken_over(false);
  for (const Said said : kAll) EXPECT_EQ(talk.hear(kNow, said, kSerial), Verdict::Heard);
}

TEST(WorkerTalk, ItLeavesOnce) {
  WorkerTalk talk = in(State::Ready);
  tell(talk, Said::Leaving);
  EXPECT_EQ(talk.hear(kNow, Said::Leaving), Verdict::Violation);
  EXPECT_EQ(talk.complaint(), "said a second time that it leaves");
}

}  // namespace
}  // namespace ringmaster::core
