#include "daemon/core/worker/kill_ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using State = KillLadder::State;
using L = KillLadder;
using Effects = std::vector<L::Effect>;

constexpr shm::Intent kJob{1, 2, 7};
constexpr shm::Intent kOther{1, 2, 8};
constexpr TimePoint kNow{500s};
constexpr LadderConfig kListens{.grace = 200ms, .listens = true};
constexpr LadderConfig kDeaf{.grace = 200ms, .listens = false};

/// A ladder in each state, entered at kNow.
L in_state(State state, const LadderConfig& config = kListens) {
  L ladder{kJob, config};
  const auto tell = [&](const L::Event& event, TimePoint at = kNow) { (void)ladder.handle(at, event); };
  switch (state) {
    case State::Running:
      break;
    case State::CancelAsked:
      tell(L::DeadlineReached{});
      break;
    case State::Fenced:
      tell(L::WorkerFenced{});
      break;
    case State::JobEnded:
      tell(L::JobLeft{});
      break;
    case State::Faulted:
      tell(L::FaultSaid{});
      break;
    case State::Condemning:
    case State::Rereading:
    case State::Capturing:
    case State::Killing:
      tell(L::DeadlineReached{}, kNow - 200ms);
      tell(L::TimerFired{});
      if (state == State::Condemning) break;
      tell(L::VerdictWritten{});
      if (state == State::Rereading) {
        tell(L::CondemnLost{});
        break;
      }
      tell(L::CondemnWon{});
      if (state == State::Killing) tell(L::CaptureEnded{});
      break;
  }
  return ladder;
}

TEST(KillLadder, ClimbsFromDeadlineToFenceInOrder) {
  L ladder{kJob, kListens};
  EXPECT_EQ(ladder.handle(kNow, L::DeadlineReached{}), (Effects{L::SetCancelWord{}}));
  EXPECT_EQ(ladder.next_timer(), kNow + 200ms);
  EXPECT_EQ(ladder.handle(kNow + 199ms, L::TimerFired{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 200ms, L::TimerFired{}), (Effects{L::WriteVerdict{{kJob, Cause::RunTimeout}}}));
  EXPECT_EQ(ladder.handle(kNow + 200ms, L::VerdictWritten{}), (Effects{L::SetHold{}, L::CondemnSlot{}}));
  EXPECT_EQ(ladder.handle(kNow + 200ms, L::CondemnWon{}), (Effects{L::SpareTakesOver{}, L::CaptureStack{}}));
  EXPECT_EQ(ladder.handle(kNow + 300ms, L::CaptureEnded{}), (Effects{L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 400ms, L::WorkerFenced{}),
            (Effects{L::Settle{shm::Verdict{kJob, Cause::RunTimeout}}}));
  EXPECT_TRUE(ladder.over());
}

TEST(KillLadder, GoesStraightToTheVerdictForAHandlerThatDoesNotListen) {
  L deaf{kJob, kDeaf};
  EXPECT_EQ(deaf.handle(kNow, L::DeadlineReached{}), (Effects{L::WriteVerdict{{kJob, Cause::RunTimeout}}}));
  L no_grace{kJob, {.grace = 0s, .listens = true}};
  EXPECT_EQ(no_grace.handle(kNow, L::CancelRequested{}), (Effects{L::WriteVerdict{{kJob, Cause::Cancelled}}}));
}

TEST(KillLadder, ACancelOfAHandlerThatDoesNotListenIsToldAndKillsNobody) {
  L deaf{kJob, kDeaf};
  EXPECT_EQ(deaf.handle(kNow, L::CancelRequested{}), (Effects{L::SetCancelWord{}}));
  EXPECT_EQ(deaf.state(), State::Running);
  EXPECT_EQ(deaf.next_timer(), std::nullopt);
  // Its deadline and the daemon's end stay what they are.
  EXPECT_EQ(L{deaf}.handle(kNow + 1s, L::DeadlineReached{}), (Effects{L::WriteVerdict{{kJob, Cause::RunTimeout}}}));
  EXPECT_EQ(L{deaf}.handle(kNow + 1s, L::CancelRequested{Cause::Lost}),
            (Effects{L::WriteVerdict{{kJob, Cause::Lost}}}));
  EXPECT_EQ(deaf.handle(kNow + 2s, L::JobLeft{}), Effects{});
  EXPECT_EQ(deaf.state(), State::JobEnded);
}

TEST(KillLadder, KeepsTheFirstVerdict) {
  L ladder{kJob, kListens};
  (void)ladder.handle(kNow, L::DeadlineReached{});
  EXPECT_EQ(ladder.handle(kNow, L::CancelRequested{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 1s, L::TimerFired{}), (Effects{L::WriteVerdict{{kJob, Cause::RunTimeout}}}));
}

TEST(KillLadder, ReleasesTheHoldAndKillsNobodyWhenTheJobEndedInTime) {
  for (const std::optional<shm::Intent> seen : {std::optional(kOther), std::optional<shm::Intent>()}) {
    L ladder = in_state(State::Rereading);
    EXPECT_EQ(ladder.handle(kNow, L::LaneReread{seen}), (Effects{L::WithdrawVerdict{}, L::ReleaseHold{}}));
    EXPECT_EQ(ladder.state(), State::JobEnded);
  }
}

TEST(KillLadder, KillsForTamperingOnlyOneGraceAfterTheLostCas) {
  L ladder = in_state(State::Rereading);
  EXPECT_EQ(ladder.handle(kNow, L::LaneReread{kJob}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 99ms, L::TimerFired{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::TimerFired{}), (Effects{L::RereadLane{}}));
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::LaneReread{kJob}),
            (Effects{L::ReportProtocolViolation{}, L::SpareTakesOver{}, L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::WorkerFenced{}),
            (Effects{L::Settle{shm::Verdict{kJob, Cause::RunTimeout}}}));
}

TEST(KillLadder, LetsTheJobGoWhenTheSecondReadingFindsItGone) {
  L ladder = in_state(State::Rereading);
  (void)ladder.handle(kNow, L::LaneReread{kJob});
  (void)ladder.handle(kNow + 100ms, L::TimerFired{});
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::LaneReread{}), (Effects{L::WithdrawVerdict{}, L::ReleaseHold{}}));
}

TEST(KillLadder, CondemnsAtTheSecondAttemptWhereTheFirstCameBetweenIntentAndClaim) {
  L ladder = in_state(State::Rereading);
  EXPECT_EQ(ladder.handle(kNow, L::LaneReread{kJob}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::TimerFired{}), (Effects{L::RereadLane{}}));
  EXPECT_EQ(ladder.handle(kNow + 100ms, L::CondemnWon{}), (Effects{L::SpareTakesOver{}, L::CaptureStack{}}));
  EXPECT_EQ(ladder.next_timer(), kNow + 1100ms);
  EXPECT_EQ(ladder.verdict(), (shm::Verdict{kJob, Cause::RunTimeout}));
}

TEST(KillLadder, DoesNotWaitForAStackLongerThanItsLimit) {
  L ladder = in_state(State::Capturing);
  EXPECT_EQ(ladder.next_timer(), kNow + 1s);
  EXPECT_EQ(ladder.handle(kNow + 1s, L::TimerFired{}), (Effects{L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 2s, L::CaptureEnded{}), Effects{}) << "a late capture does not kill twice";
}

TEST(KillLadder, TellsADeathByItselfFromAVerdict) {
  for (const State state : {State::Running, State::CancelAsked}) {
    EXPECT_EQ(in_state(state).handle(kNow, L::WorkerFenced{}), (Effects{L::Settle{std::nullopt}}));
  }
  for (const State state : {State::Condemning, State::Rereading, State::Capturing, State::Killing}) {
    EXPECT_EQ(in_state(state).handle(kNow, L::WorkerFenced{}),
              (Effects{L::Settle{shm::Verdict{kJob, Cause::RunTimeout}}}));
  }
}

TEST(KillLadder, TellsTheJobWhoseClientVanishedAndKillsNobody) {
  L ladder{kJob, kListens};
  EXPECT_EQ(ladder.handle(kNow, L::ClientVanished{}), (Effects{L::SetCancelWord{}}));
  EXPECT_EQ(ladder.state(), State::Running);
  EXPECT_EQ(ladder.next_timer(), std::nullopt);
}

TEST(KillLadder, GivesALateWatchersGraceBack) {
  L ladder = in_state(State::CancelAsked);
  (void)ladder.handle(kNow, L::WatcherWasLate{50ms});
  EXPECT_EQ(ladder.next_timer(), kNow + 250ms);
}

TEST(KillLadder, ResumesAtTheVerdictThatAPredecessorWrote) {
  L ladder = L::resume({kJob, Cause::Cancelled}, kListens);
  EXPECT_EQ(ladder.handle(kNow, L::VerdictWritten{}), (Effects{L::SetHold{}, L::CondemnSlot{}}));
  (void)ladder.handle(kNow, L::CondemnWon{});
  (void)ladder.handle(kNow, L::CaptureEnded{});
  EXPECT_EQ(ladder.handle(kNow, L::WorkerFenced{}), (Effects{L::Settle{shm::Verdict{kJob, Cause::Cancelled}}}));
}

TEST(KillLadder, LetsAFaultedWorkerDieOfItsFault) {
  for (const State state : {State::Running, State::CancelAsked}) {
    L ladder = in_state(state);
    EXPECT_EQ(ladder.handle(kNow, L::FaultSaid{}), (Effects{L::SpareTakesOver{}, L::CaptureStack{}}));
    EXPECT_EQ(ladder.verdict(), std::nullopt) << "its deadline had passed, but no verdict was written";
    EXPECT_EQ(ladder.handle(kNow + 5ms, L::CaptureEnded{}), (Effects{L::LetGo{}}));
    EXPECT_EQ(ladder.handle(kNow + 9ms, L::WorkerFenced{}), (Effects{L::Settle{std::nullopt}}));
  }
}

TEST(KillLadder, KillsAFaultedWorkerThatDoesNotDieWithoutAVerdict) {
  L ladder = in_state(State::Faulted);
  EXPECT_EQ(ladder.handle(kNow + 10ms, L::DeadlineReached{}), Effects{}) << "does not change the cause";
  EXPECT_EQ(ladder.handle(kNow + 10ms, L::CancelRequested{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 249ms, L::TimerFired{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 250ms, L::TimerFired{}), (Effects{L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 260ms, L::WorkerFenced{}), (Effects{L::Settle{std::nullopt}}));
}

TEST(KillLadder, LeavesAFaultedWorkerTheTimeToWriteItsCore) {
  L ladder = in_state(State::Faulted);
  (void)ladder.handle(kNow + 5ms, L::CaptureEnded{});
  for (TimePoint now = kNow + 250ms; now < kNow + 60s; now += 250ms) {
    ASSERT_EQ(ladder.handle(now, L::DumpsCore{}), Effects{});
    ASSERT_EQ(ladder.handle(now, L::TimerFired{}), Effects{});
  }
  EXPECT_EQ(ladder.handle(kNow + 60s, L::DumpsCore{}), Effects{}) << "but not for ever";
  EXPECT_EQ(ladder.handle(kNow + 60s, L::TimerFired{}), (Effects{L::Kill{}}));
}

TEST(KillLadder, KeepsAVerdictThatStoodBeforeTheFault) {
  for (const State state : {State::Condemning, State::Rereading, State::Capturing, State::Killing}) {
    L ladder = in_state(state);
    EXPECT_EQ(ladder.handle(kNow, L::FaultSaid{}), Effects{}) << to_string(state);
    EXPECT_EQ(ladder.state(), state);
    EXPECT_EQ(ladder.handle(kNow, L::WorkerFenced{}), (Effects{L::Settle{shm::Verdict{kJob, Cause::RunTimeout}}}));
  }
}

TEST(KillLadder, WalksEveryStateAndEvent) {
  const std::vector<L::Event> events = {
      L::DeadlineReached{}, L::CancelRequested{},   L::ClientVanished{},   L::ViolationFound{},
      L::JobLeft{},         L::WatcherWasLate{1ms}, L::TimerFired{},       L::VerdictWritten{},
      L::CondemnWon{},      L::CondemnLost{},       L::LaneReread{kOther}, L::CaptureEnded{},
      L::WorkerFenced{},    L::FaultSaid{},         L::DumpsCore{},        L::ForceRequested{1ms}};
  using enum L::State;
  // The rows are states, the columns the events above; the timer fires long after it is due.
  const std::vector<std::pair<State, std::vector<State>>> table = {
      {Running,
       {CancelAsked, CancelAsked, Running, Condemning, JobEnded, Running, Running, Running, Running, Running, Running,
        Running, Fenced, Faulted}},
      {CancelAsked,
       {CancelAsked, CancelAsked, CancelAsked, Condemning, JobEnded, CancelAsked, Condemning, CancelAsked, CancelAsked,
        CancelAsked, CancelAsked, CancelAsked, Fenced, Faulted}},
      {Condemning,
       {Condemning, Condemning, Condemning, Condemning, Condemning, Condemning, Condemning, Condemning, Capturing,
        Rereading, Condemning, Condemning, Fenced}},
      {Rereading,
       {Rereading, Rereading, Rereading, Rereading, Rereading, Rereading, Rereading, Rereading, Capturing, Rereading,
        JobEnded, Rereading, Fenced}},
      {Capturing,
       {Capturing, Capturing, Capturing, Capturing, Capturing, Capturing, Killing, Capturing, Capturing, Capturing,
        Capturing, Killing, Fenced}},
      {Killing, std::vector<State>(12, Killing)},
      {Faulted,
       {Faulted, Faulted, Faulted, Faulted, Faulted, Faulted, Killing, Faulted, Faulted, Faulted, Faulted, Faulted,
        Fenced}},
      {Fenced, std::vector<State>(14, Fenced)},
      {JobEnded, std::vector<State>(14, JobEnded)},
  };
  for (const auto& [from, to] : table) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      L ladder = in_state(from);
      ASSERT_EQ(ladder.state(), from);
      const auto effects = ladder.handle(kNow + 1h, events[i]);
      // What a row leaves out: the fence, a force, and no change.
      const State after = i == 12 ? Fenced : i == 15 && from == Running ? CancelAsked : from;
      const State wanted = i < to.size() ? to[i] : after;
      EXPECT_EQ(ladder.state(), wanted) << to_string(from) << ", event " << i;
      // Verdict before kill: nothing before Capturing kills but a proven tampering.
      const bool kills = std::find(effects.begin(), effects.end(), L::Effect{L::Kill{}}) != effects.end();
      EXPECT_EQ(kills, (from == Capturing || from == Faulted) && wanted == Killing)
          << to_string(from) << ", event " << i;
      EXPECT_EQ(ladder.over() && ladder.next_timer(), false);
    }
  }
}

}  // namespace
}  // namespace ringmaster::core
