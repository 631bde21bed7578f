#include "daemon/pool/seat/seat_watcher.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "proto/handler_id.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/pool_parts.h"

namespace ringmaster::daemon {
namespace {

using shm::standing_verdict;

using namespace std::chrono_literals;
using testing::FakeKeeper;
using testing::FakeWorker;
using testing::take_seat;

constexpr core::TimePoint kNow{1h};
constexpr shm::Owner kOwner{0, 1};
constexpr FakeKeeper::Name kName{0, 1};

/// A pool of one worker and one session, with a hand-turned clock.
struct Room : testing::PoolParts {
  Room() : worker(take_seat(seats[0], kOwner)) {
    hand.open(*memory.world.board);
    HandlerDescription listener;
    listener.name = "listener";
    listener.listens_to_cancel = true;
    handlers.set({listener}, encode_handlers({&listener, 1}).value());
  }

  [[nodiscard]] Seat& seat() { return seats[0]; }
  /// The worker claims a new job of that handler.
  void run_a_job(const char* handler = "deaf") {
    testing::World& world = memory.world;
    world.submit();
    slot = world.last_slot;
    const shm::SlotWord job(word());
    memory.session.reply.word(slot) = shm::SlotWord::owned(job.seq(), shm::SlotState::Running, 0, kOwner).bits();
    intent = {3, static_cast<std::uint16_t>(slot), job.seq()};
    worker.lane().words.run_timeout = std::uint64_t{job.seq()} << 32;  // none of its own: the pool's
    worker.lane().words.handler = wire::handler_id(handler);
    worker.runs(intent, static_cast<std::uint64_t>(now.time_since_epoch().count()));
  }
  void finish_the_job() const {
    memory.session.reply.word(slot) = shm::SlotWord::terminal(intent.seq, shm::SlotState::Done, 0, Cause::None).bits();
    worker.rests();
  }
  void look_after(core::Duration time) {
    now += time;
    watcher.on_timer(seat(), now);
    watcher.look(seat(), now);
  }
  void capture_ends() { hand.drive(seat(), now, core::KillLadder::CaptureEnded{}); }
  [[nodiscard]] shm::SlotWord word() const { return PoolParts::word(slot); }

  FakeWorker& worker;
  core::TimePoint now = kNow;
  std::uint32_t slot = 0;
  shm::Intent intent;
  int calls = 0;
  bool dumps_core = false;
  std::vector<StackDesk::Order> captures;
  LadderHand hand{
      0,
      0,
      {},
      {ledger.record, book, sessions, handlers, fates, keeper},
      {[this] { ++calls; }, [this](core::SeatNumber, const StackDesk::Order& order) { captures.push_back(order); }}};
  SeatWatcher watcher{"t", 0, {{1s, 10s}, 200ms}, {ledger.record, sessions, handlers, hand}, [this](std::int32_t) {
                        return dumps_core;
                      }};
};

TEST(SeatWatcher, ARunPastItsDeadlineIsSentencedCapturedAndKilled) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  EXPECT_EQ(room.record().seen_intent, room.intent.pack());
  room.look_after(999ms);
  EXPECT_FALSE(standing_verdict(room.record()));
  room.look_after(1ms);
  ASSERT_TRUE(standing_verdict(room.record()));
  EXPECT_EQ(standing_verdict(room.record())->cause, Cause::RunTimeout);
  EXPECT_EQ(room.word().state(), shm::SlotState::Condemned);
  EXPECT_EQ(room.worker.control().hold, 1U);
  EXPECT_EQ(room.seat().state, core::SeatState::Condemned) << "a spare takes its place";
  EXPECT_EQ(room.seat().verdict, core::DeathKind::TimedOut);
  ASSERT_EQ(room.captures.size(), 1U);
  EXPECT_EQ(room.captures[0].job.id, shm::make_job_id(7, room.intent.seq));
  EXPECT_TRUE(room.keeper.killed.empty()) << "not before its stack is taken";
  room.capture_ends();
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
  EXPECT_EQ(room.book.tally().kills, 1U);
}

TEST(SeatWatcher, AStackWaitsForThePidThatTheKeeperHasNotToldYet) {
  for (const bool faulted : {false, true}) {
    Room room;
    const std::int32_t pid = std::exchange(room.worker.told_pid, 0);
    room.run_a_job();
    room.look_after(0s);
    if (faulted) room.worker.lane().words.fault = std::uint64_t{SIGSEGV} << 32;
    room.look_after(1s);
    ASSERT_TRUE(room.seat().capture_owed);
    const core::TimePoint until = *room.seat().capture_owed;
    room.hand.pay_capture(room.seat(), until - 1ns);
    EXPECT_TRUE(room.captures.empty());
    room.worker.told_pid = pid;
    for (int again = 0; again < 2; ++again) room.hand.pay_capture(room.seat(), room.now + 1ms);
    ASSERT_EQ(room.captures.size(), 1U);
    EXPECT_EQ(room.captures[0].pid, pid);
    EXPECT_EQ(room.captures[0].tid, pid);
    EXPECT_EQ(room.captures[0].until, until) << "its worker is not held for longer";
  }
}

TEST(SeatWatcher, AStackWhosePidIsNotToldInTimeIsToldToBeMissing) {
  Room room;
  room.worker.told_pid = 0;
  room.run_a_job();
  room.look_after(0s);
  room.look_after(1s);
  ASSERT_TRUE(room.seat().capture_owed);
  room.hand.pay_capture(room.seat(), *room.seat().capture_owed);
  ASSERT_EQ(room.captures.size(), 1U);
  EXPECT_EQ(room.captures[0].pid, 0);
}

TEST(SeatWatcher, AWorkerThatHasExitedBeforeItsStackWasTakenIsNotLookedForByItsPid) {
  Room room;
  const std::int32_t pid = std::exchange(room.worker.told_pid, 0);
  room.run_a_job();
  room.look_after(0s);
  room.look_after(1s);
  ASSERT_TRUE(room.seat().capture_owed);
  room.worker.told_pid = pid;
  room.hand.forgo_capture(room.seat(), room.now);
  ASSERT_EQ(room.captures.size(), 1U);
  EXPECT_EQ(room.captures[0].pid, 0);
  EXPECT_EQ(room.captures[0].job.id, shm::make_job_id(7, room.intent.seq));
  EXPECT_FALSE(room.seat().capture_owed);
}

TEST(SeatWatcher, AStackIsNotWaitedForForEver) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  room.look_after(1s);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.look_after(1s);
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
  room.capture_ends();
  EXPECT_EQ(room.keeper.killed.size(), 1U);
}

TEST(SeatWatcher, AJobThatEndsBetweenTheLookAndTheSentenceKillsNobody) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  // The slot is terminal, the lane still names the job; then the worker clears it.
  room.memory.session.reply.word(room.slot) =
      shm::SlotWord::terminal(room.intent.seq, shm::SlotState::Done, 0, Cause::None).bits();
  room.look_after(1s);
  EXPECT_EQ(room.worker.control().hold, 1U);
  room.worker.rests();
  room.look_after(100ms);
  EXPECT_EQ(room.worker.control().hold, 0U);
  EXPECT_FALSE(standing_verdict(room.record()));
  EXPECT_EQ(room.calls, 1) << "it may sleep on its hold word";
  EXPECT_TRUE(room.keeper.killed.empty());
  EXPECT_TRUE(room.fates.broken_sessions.empty());
}

TEST(SeatWatcher, AClientThatTakesItsWordBackSavesNobodyAndLosesItsSession) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  room.memory.session.reply.word(room.slot) = shm::SlotWord::free_slot(room.intent.seq).bits();
  room.look_after(1s);
  EXPECT_TRUE(room.keeper.killed.empty()) << "one grace later, not at once";
  room.look_after(100ms);
  EXPECT_EQ(room.fates.broken_sessions, std::vector<std::uint32_t>{7});
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
}

TEST(SeatWatcher, ASlotThatIsClaimedAMomentAfterTheFirstSentenceIsSentencedAgain) {
  Room room;
  room.run_a_job();
  const std::uint64_t running = room.word().bits();
  room.memory.session.reply.word(room.slot) = shm::SlotWord::ready(room.intent.seq, 0).bits();
  room.look_after(0s);
  room.look_after(1s);
  EXPECT_TRUE(room.captures.empty());
  room.memory.session.reply.word(room.slot) = running;
  room.look_after(100ms);
  EXPECT_EQ(room.word().state(), shm::SlotState::Condemned);
  EXPECT_EQ(room.captures.size(), 1U);
  EXPECT_TRUE(room.fates.broken_sessions.empty());
}

TEST(SeatWatcher, AListenerHasItsGraceBeforeItIsKilled) {
  Room room;
  room.run_a_job("listener");
  room.look_after(0s);
  room.watcher.cancel(room.seat(), room.intent, room.now);
  EXPECT_EQ(room.worker.control().cancel, room.intent.pack());
  EXPECT_FALSE(standing_verdict(room.record()));
  room.look_after(200ms);
  ASSERT_TRUE(standing_verdict(room.record()));
  EXPECT_EQ(standing_verdict(room.record())->cause, Cause::Cancelled);
}

TEST(SeatWatcher, AListenerThatObeysIsLeftAlone) {
  Room room;
  room.run_a_job("listener");
  room.look_after(0s);
  room.watcher.cancel(room.seat(), room.intent, room.now);
  room.finish_the_job();
  room.look_after(10ms);
  room.look_after(1h);
  EXPECT_FALSE(standing_verdict(room.record()));
  EXPECT_FALSE(room.seat().run.ladder());
}

TEST(SeatWatcher, AJobOfASessionThatEndsIsToldAndRunsOn) {
  Room room;
  room.run_a_job("listener");
  room.look_after(0s);
  room.memory.session.state = SessionState::Closing;
  room.watcher.cancel(room.seat(), room.intent, room.now);
  EXPECT_EQ(room.worker.control().cancel, room.intent.pack());
  EXPECT_FALSE(room.seat().run.ladder());
  room.look_after(500ms);
  EXPECT_FALSE(standing_verdict(room.record()));
  room.look_after(500ms);
  room.look_after(200ms);
  EXPECT_TRUE(standing_verdict(room.record())) << "until its deadline, and the grace of one who listens";
}

TEST(SeatWatcher, ACancelOfAnotherJobIsNotThisOnes) {
  Room room;
  room.run_a_job("listener");
  room.watcher.cancel(room.seat(), {3, 9, 9}, room.now);
  EXPECT_EQ(room.worker.control().cancel, 0U);
}

TEST(SeatWatcher, AtThePoolsEndARunIsEndedAndAnIdleWorkerIsNot) {
  Room room;
  EXPECT_FALSE(room.watcher.end_run(room.seat(), room.now, Cause::PoolRemoved));
  room.run_a_job();
  EXPECT_TRUE(room.watcher.end_run(room.seat(), room.now, Cause::PoolRemoved));
  ASSERT_TRUE(standing_verdict(room.record()));
  EXPECT_EQ(standing_verdict(room.record())->cause, Cause::PoolRemoved);
}

TEST(SeatWatcher, AFaultedWorkerHasTimeToDieAndToWriteItsCore) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  worker_link::Fault fault;
  fault.signal = SIGSEGV;
  room.watcher.on_fault(room.seat(), std::move(fault), room.now);
  ASSERT_EQ(room.captures.size(), 1U);
  EXPECT_TRUE(room.captures[0].faulted);
  room.capture_ends();
  EXPECT_EQ(room.worker.control().fault_taken, 1U);
  room.dumps_core = true;
  for (int i = 0; i < 8; ++i) room.look_after(250ms);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.dumps_core = false;
  room.look_after(250ms);
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
  EXPECT_FALSE(standing_verdict(room.record())) << "it died of its fault";
}

TEST(SeatWatcher, ASuccessorGoesOnWithASentenceThatLaneAndLedgerAgreeOn) {
  Room room;
  room.run_a_job();
  ASSERT_TRUE(shm::write_verdict(room.record(), {room.intent, Cause::Cancelled, 0}));
  room.watcher.resume_verdict(room.seat(), room.now);
  EXPECT_EQ(room.word().state(), shm::SlotState::Condemned);
  EXPECT_EQ(room.seat().verdict, core::DeathKind::Cancelled);
  room.capture_ends();
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
}

TEST(SeatWatcher, AForcedCancelStandsAtOnceAndKillsADeafWorkerAGraceLater) {
  Room room;
  room.run_a_job();
  room.watcher.force_end(room.seat(), room.intent, 30ms, room.now);
  ASSERT_TRUE(standing_verdict(room.record()));
  EXPECT_EQ(*standing_verdict(room.record()), (shm::Verdict{room.intent, Cause::CancelledByForce, 30}));
  EXPECT_EQ(room.worker.control().cancel, room.intent.pack());
  EXPECT_EQ(room.worker.control().hold, 0U) << "it may end by itself";
  EXPECT_EQ(room.seat().run.next_deadline(), room.now + 30ms);
  room.look_after(30ms);
  EXPECT_EQ(room.word().state(), shm::SlotState::Condemned);
  EXPECT_EQ(room.seat().verdict, core::DeathKind::CancelledByForce);
  EXPECT_TRUE(room.captures.empty());
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
}

TEST(SeatWatcher, AForcedCancelDoesNotFollowTheWorkerToItsNextJob) {
  Room room;
  room.run_a_job();
  const shm::Intent first = room.intent;
  room.watcher.force_end(room.seat(), first, 30ms, room.now);
  room.finish_the_job();
  room.run_a_job();
  room.look_after(30ms);
  EXPECT_FALSE(standing_verdict(room.record()));
  EXPECT_EQ(room.word().state(), shm::SlotState::Running);
  EXPECT_EQ(room.worker.control().hold, 0U);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.watcher.force_end(room.seat(), first, 0ms, room.now);
  EXPECT_FALSE(standing_verdict(room.record())) << "nor does one that comes late";
}

TEST(SeatWatcher, ASuccessorGoesOnWithAForcedCancelWhereItStood) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  room.watcher.force_end(room.seat(), room.intent, 30ms, room.now);
  room.seat().run.clear();
  room.now += 10ms;
  room.watcher.resume_verdict(room.seat(), room.now);
  EXPECT_EQ(room.seat().run.next_deadline(), room.now + 30ms);
  EXPECT_TRUE(room.keeper.killed.empty());
  room.look_after(30ms);
  EXPECT_EQ(room.keeper.killed, std::vector{kName});
}

TEST(SeatWatcher, ASuccessorWithdrawsASentenceOnAJobThatIsOver) {
  Room room;
  room.run_a_job();
  ASSERT_TRUE(shm::write_verdict(room.record(), {room.intent, Cause::Cancelled, 0}));
  room.finish_the_job();
  room.worker.control().hold = 1;
  room.watcher.resume_verdict(room.seat(), room.now);
  EXPECT_FALSE(standing_verdict(room.record()));
  EXPECT_EQ(room.worker.control().hold, 0U);
}

TEST(SeatWatcher, ASuccessorCountsARunFromWhenItsPredecessorSawIt) {
  Room room;
  room.run_a_job();
  room.look_after(0s);
  room.seat().run.clear();
  room.now += 600ms;
  room.watcher.resume_verdict(room.seat(), room.now);
  EXPECT_EQ(room.seat().run.next_deadline(), kNow + 1s);
}

}  // namespace
}  // namespace ringmaster::daemon
