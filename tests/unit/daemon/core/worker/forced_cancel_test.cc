#include <gtest/gtest.h>

#include "daemon/core/worker/kill_ladder.h"
#include "daemon/core/worker/run_watcher.h"

// A forced cancel: on record from the request on, a kill at the end of its grace, and nothing where the job ends
// before.
namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using State = KillLadder::State;
using L = KillLadder;
using Effects = std::vector<L::Effect>;

constexpr shm::Intent kJob{1, 2, 7};
constexpr shm::Intent kNext{1, 2, 8};
constexpr TimePoint kNow{500s};
constexpr LadderConfig kDeaf{.grace = 200ms, .listens = false};
constexpr LadderConfig kListens{.grace = 200ms, .listens = true};
constexpr shm::Verdict kForced{kJob, Cause::CancelledByForce, 30};

L forced(const LadderConfig& config = kDeaf) {
  L ladder{kJob, config};
  (void)ladder.handle(kNow, L::ForceRequested{30ms});
  return ladder;
}

TEST(ForcedCancel, ClimbsFromTheRequestToTheKillWithoutAStack) {
  L ladder{kJob, kDeaf};
  EXPECT_EQ(ladder.handle(kNow, L::ForceRequested{30ms}), (Effects{L::WriteVerdict{kForced}, L::SetCancelWord{}}));
  EXPECT_EQ(ladder.next_timer(), kNow + 30ms);
  EXPECT_EQ(ladder.handle(kNow + 29ms, L::TimerFired{}), Effects{});
  EXPECT_EQ(ladder.handle(kNow + 30ms, L::TimerFired{}), (Effects{L::WriteVerdict{kForced}}));
  EXPECT_EQ(ladder.handle(kNow + 30ms, L::VerdictWritten{}), (Effects{L::SetHold{}, L::CondemnSlot{}}));
  EXPECT_EQ(ladder.handle(kNow + 30ms, L::CondemnWon{}), (Effects{L::SpareTakesOver{}, L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 31ms, L::WorkerFenced{}), (Effects{L::Settle{kForced}}));
}

TEST(ForcedCancel, WithoutAGraceThereIsNothingToWaitFor) {
  L ladder{kJob, kListens};
  EXPECT_EQ(ladder.handle(kNow, L::ForceRequested{0ms}),
            (Effects{L::WriteVerdict{{kJob, Cause::CancelledByForce, 0}}}));
  EXPECT_EQ(ladder.handle(kNow, L::VerdictWritten{}), (Effects{L::SetHold{}, L::CondemnSlot{}}));
}

TEST(ForcedCancel, AJobThatEndsInItsGraceHasItsVerdictWithdrawnAndItsWorkerLives) {
  L ladder = forced();
  EXPECT_EQ(ladder.handle(kNow + 10ms, L::JobLeft{}), (Effects{L::WithdrawVerdict{}}));
  EXPECT_EQ(ladder.state(), State::JobEnded);
}

TEST(ForcedCancel, AWorkerThatDiesInTheGraceTakesAJobAlongThatWasCancelled) {
  EXPECT_EQ(forced().handle(kNow + 10ms, L::WorkerFenced{}), (Effects{L::Settle{kForced}}));
}

TEST(ForcedCancel, ItsGraceDoesNotHoldUpTheEndOfItsPool) {
  for (const Cause end : {Cause::Lost, Cause::PoolRemoved}) {
    L ladder{kJob, kDeaf};
    (void)ladder.handle(kNow, L::ForceRequested{60s});
    EXPECT_EQ(ladder.handle(kNow + 1s, L::CancelRequested{end}), Effects{});
    EXPECT_EQ(ladder.next_timer(), kNow + 1s + kDeaf.grace);
    EXPECT_EQ(ladder.handle(kNow + 1s + kDeaf.grace, L::TimerFired{}).size(), 1U);
  }
}

TEST(ForcedCancel, OvertakesAPlainCancelAndShortensTheGraceOfADeadline) {
  L cancelled{kJob, kListens};
  (void)cancelled.handle(kNow, L::CancelRequested{});
  EXPECT_EQ(cancelled.handle(kNow + 1ms, L::ForceRequested{30ms}),
            (Effects{L::WriteVerdict{kForced}, L::SetCancelWord{}}));
  EXPECT_EQ(cancelled.next_timer(), kNow + 31ms);
  L longer{kJob, kListens};
  (void)longer.handle(kNow, L::CancelRequested{});
  (void)longer.handle(kNow + 1ms, L::ForceRequested{5s});
  EXPECT_EQ(longer.next_timer(), kNow + 5001ms) << "the grace that was asked for";
  L late{kJob, kListens};
  (void)late.handle(kNow, L::DeadlineReached{});
  EXPECT_EQ(late.handle(kNow + 1ms, L::ForceRequested{30ms}),
            (Effects{L::WriteVerdict{{kJob, Cause::RunTimeout}}, L::SetCancelWord{}}))
      << "the first cause stays";
  EXPECT_EQ(late.next_timer(), kNow + 31ms);
}

TEST(ForcedCancel, ASecondOneBringsTheEndForwardAndNeverPutsItOff) {
  L ladder = forced();
  (void)ladder.handle(kNow + 10ms, L::ForceRequested{1s});
  EXPECT_EQ(ladder.next_timer(), kNow + 30ms);
  (void)ladder.handle(kNow + 10ms, L::ForceRequested{5ms});
  EXPECT_EQ(ladder.next_timer(), kNow + 15ms);
}

TEST(ForcedCancel, ItsGraceHasABound) {
  L ladder{kJob, kDeaf};
  (void)ladder.handle(kNow, L::ForceRequested{1h});
  EXPECT_EQ(ladder.next_timer(), kNow + kLongestForcedGrace);
  EXPECT_EQ(ladder.verdict()->detail, 60'000);
}

TEST(ForcedCancel, OfAWorkerThatFaultsEndsTheJobAndLeavesTheDeathItsOwn) {
  L ladder{kJob, kDeaf};
  (void)ladder.handle(kNow, L::FaultSaid{});
  EXPECT_EQ(ladder.handle(kNow, L::ForceRequested{30ms}), (Effects{L::WriteVerdict{kForced}}));
  EXPECT_EQ(ladder.handle(kNow + 30ms, L::DumpsCore{}), Effects{}) << "who waits for its end has said how long";
  EXPECT_EQ(ladder.handle(kNow + 30ms, L::TimerFired{}), (Effects{L::Kill{}}));
  EXPECT_EQ(ladder.handle(kNow + 31ms, L::WorkerFenced{}), (Effects{L::Settle{kForced}}));

  L faults_later = forced();
  (void)faults_later.handle(kNow + 10ms, L::FaultSaid{});
  EXPECT_EQ(faults_later.state(), State::Faulted);
  EXPECT_EQ(faults_later.next_timer(), kNow + 30ms);
  EXPECT_EQ(faults_later.handle(kNow + 11ms, L::WorkerFenced{}), (Effects{L::Settle{kForced}}));
}

TEST(ForcedCancel, ChangesNothingOnceAVerdictIsBeingCarriedOut) {
  L ladder{kJob, kDeaf};
  (void)ladder.handle(kNow, L::DeadlineReached{});
  EXPECT_EQ(ladder.handle(kNow, L::ForceRequested{0ms}), Effects{});
  EXPECT_EQ(ladder.verdict(), (shm::Verdict{kJob, Cause::RunTimeout}));
}

/// A watcher that has seen the job begin now, with a deadline a second later.
RunWatcher watching(RunWatcher::Sight& sight) {
  sight.intent = kJob;
  sight.stamp = kNow;
  RunWatcher watcher;
  (void)watcher.look(kNow, sight, {1s, 10s});
  return watcher;
}

TEST(ForcedCancel, DoesNotPutOffTheDeadlineOfItsRun) {
  RunWatcher::Sight sight;
  const RunWatcher watcher = watching(sight);
  const L::Event event = watcher.force(kNow + 900ms, 5s);
  EXPECT_EQ(std::get<L::ForceRequested>(event).grace, 100ms);
}

TEST(ForcedCancel, TheLookThatFindsTheNextJobSaysThatTheVerdictIsToGo) {
  RunWatcher::Sight sight;
  RunWatcher watcher = watching(sight);
  watcher.begin(kJob, kDeaf);
  (void)watcher.handle(kNow, watcher.force(kNow, 30ms));
  EXPECT_FALSE(watcher.look(kNow + 10ms, sight, {1s, 10s}).withdraw);
  sight.intent = kNext;
  EXPECT_TRUE(watcher.look(kNow + 20ms, sight, {1s, 10s}).withdraw);
  EXPECT_FALSE(watcher.ladder());
}

TEST(ForcedCancel, ASuccessorGivesItsGraceAnewUnlessTheWorkerIsHeldAlready) {
  for (const bool held : {false, true}) {
    RunWatcher::Sight sight;
    RunWatcher watcher = watching(sight);
    const auto event = watcher.resume(kNow, kForced, kDeaf, held);
    const auto effects = watcher.handle(kNow, event);
    if (held) {
      EXPECT_EQ(effects, (Effects{L::SetHold{}, L::CondemnSlot{}}));
    } else {
      EXPECT_EQ(effects, (Effects{L::WriteVerdict{kForced}, L::SetCancelWord{}}));
      EXPECT_EQ(watcher.next_deadline(), kNow + 30ms);
    }
    EXPECT_FALSE(watcher.look(kNow + 1ms, sight, {1s, 10s}).withdraw);
    EXPECT_TRUE(watcher.ladder());
  }
}

}  // namespace
}  // namespace ringmaster::core
