#include "daemon/pool/burial.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "daemon/pool/book/kill_order.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/pool_parts.h"

namespace ringmaster::daemon {
namespace {

using testing::FakeKeeper;
using testing::FakeWorker;
using testing::take_seat;

constexpr shm::Owner kWorker{0, 1};
constexpr std::uint64_t kNow = 1'000'000'000;

/// A pool of one seat and one session, whose worker runs a job.
struct Churchyard : testing::PoolParts {
  Churchyard() {
    record().incarnation = 1;
    record().flags = shm::kLedgerReady;
    record().state = static_cast<std::uint32_t>(shm::LedgerState::Live);
  }

  /// A job that the worker with that lane has claimed.
  std::uint32_t run_a_job(shm::LaneRecord& lane, shm::ControlRecord& control, std::uint32_t flags = 0) {
    testing::World& world = memory.world;
    world.submit(flags);
    shm::WorkerSelf self;
    self.owner = kWorker;
    self.lane = &lane;
    self.control = &control;
    self.board = world.board;
    shm::WorkerSession attached;
    attached.index = 3;
    attached.request = world.request;
    attached.reply = world.reply;
    shm::Claim taken;
    EXPECT_EQ(shm::claim(self, attached, 1000, taken), shm::ClaimStatus::Claimed);
    return world.last_slot;
  }
  Burial::Buried bury(int code = CLD_KILLED, int status = SIGKILL) {
    keeper::ExitRecord exit;
    exit.worker = kWorker.worker;
    exit.incarnation = kWorker.incarnation;
    exit.pid = 0x7FFFFFF0;
    exit.code = code;
    exit.status = status;
    return burial.bury({seats, *memory.world.board, stopping, kNow}, exit);
  }
  /// A process that could not be adopted; its lane is another worker's memory.
  Orphan& keep_orphan(const shm::LaneRecord* lane, bool killed = true) {
    Orphan& orphan = seats[0].orphan.emplace();
    orphan.owner = kWorker;
    orphan.killed = killed;
    orphan.lane = lane;
    return orphan;
  }

  bool stopping = false, of_memory = false;
  int calls = 0, asked_for_memory = 0;
  std::vector<PoolCharges::Death> charged;
  Burial burial{config,
                0,
                {ledger.record, book, sessions, handlers, fates, keeper},
                {[this](const Burial::Dead&) { return ++asked_for_memory, of_memory; },
                 [this](const PoolCharges::Death& death) {
                   charged.push_back(death);
                   return std::optional<core::Uid>(death.running_uid);
                 },
                 [this] { ++calls; }}};
};

TEST(Burial, AWorkerThatCrashesTakesItsJobAlongAndIsAcknowledged) {
  Churchyard yard;
  FakeWorker& worker = take_seat(yard.seats[0], kWorker);
  const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control());
  const auto buried = yard.bury(CLD_KILLED, SIGSEGV);
  EXPECT_EQ(buried.kin, Burial::Kin::Worker);
  EXPECT_EQ(buried.died.cause.kind, core::DeathKind::Signal);
  EXPECT_TRUE(buried.died.was_ready);
  EXPECT_EQ(buried.died.charged, 1000U);
  EXPECT_EQ(yard.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(yard.word(slot).detail(), SIGSEGV);
  EXPECT_EQ(yard.book.tally().crashed, 1U);
  EXPECT_EQ(yard.book.tally().deaths, 1U);
  EXPECT_EQ(yard.book.last_death(), "killed by SIGSEGV");
  EXPECT_EQ(yard.fates.crashed_uids, std::vector<std::uint32_t>{1000});
  EXPECT_EQ(yard.calls, 1) << "its bell may have died with it";
  EXPECT_EQ(yard.keeper.acknowledged, (std::vector{FakeKeeper::Name{0, 1}}));
  EXPECT_EQ(yard.record().state, static_cast<std::uint32_t>(shm::LedgerState::Empty));
  EXPECT_EQ(yard.asked_for_memory, 0) << "only SIGKILL is the kernel's";
}

TEST(Burial, TheFirstVerdictWinsOverWhateverElseIsKnown) {
  Churchyard yard;
  FakeWorker& worker = take_seat(yard.seats[0], kWorker);
  const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control(), shm::kJobIdempotent);
  yard.of_memory = true;
  ASSERT_TRUE(
      shm::write_verdict(yard.record(), {*shm::Intent::unpack(worker.lane().words.intent), Cause::RunTimeout, 0}));
  const auto buried = yard.bury();
  EXPECT_EQ(buried.died.cause.kind, core::DeathKind::TimedOut);
  EXPECT_EQ(yard.word(slot).cause(), Cause::RunTimeout);
  EXPECT_EQ(yard.book.tally().timed_out, 1U);
  EXPECT_FALSE(shm::standing_verdict(yard.record())) << "not for the next job";
  EXPECT_EQ(yard.asked_for_memory, 0);
}

TEST(Burial, AKillThatADeadPredecessorHadOrderedIsNoAccident) {
  for (const auto why : {core::DeathKind::Recycled, core::DeathKind::Shutdown, core::DeathKind::BootFailure,
                         core::DeathKind::ProtocolViolation, core::DeathKind::OutOfMemory}) {
    Churchyard yard;
    take_seat(yard.seats[0], kWorker);
    note_kill(yard.record(), why);
    EXPECT_EQ(yard.record().flags & shm::kLedgerReady, shm::kLedgerReady);
    EXPECT_EQ(yard.bury().died.cause.kind, why);
    EXPECT_EQ(yard.asked_for_memory, 0);
    take_seat(yard.seats[0], kWorker);
    note_kill(yard.record(), why);
    EXPECT_EQ(yard.bury(CLD_KILLED, SIGSEGV).died.cause.kind, core::DeathKind::Signal) << "it was faster than the kill";
  }
  Churchyard another;
  take_seat(another.seats[0], kWorker);
  note_kill(another.record(), core::DeathKind::Recycled);
  another.record().incarnation = 2;
  EXPECT_EQ(another.bury().died.cause.kind, core::DeathKind::Signal) << "the record is not about this process";
}

TEST(Burial, AJobIsCountedUnderTheStatusThatItsCallerIsTold) {
  using Count = std::uint64_t shm::LedgerTally::*;
  const std::pair<Cause, Count> all[] = {{Cause::RunTimeout, &shm::LedgerTally::timed_out},
                                         {Cause::Cancelled, &shm::LedgerTally::cancelled},
                                         {Cause::Lost, &shm::LedgerTally::lost},
                                         {Cause::PoolRemoved, &shm::LedgerTally::lost},
                                         {Cause::ProtocolViolation, &shm::LedgerTally::refused},
                                         {Cause::OutOfMemory, &shm::LedgerTally::crashed}};
  for (const auto& [cause, count] : all) {
    Churchyard yard;
    FakeWorker& worker = take_seat(yard.seats[0], kWorker);
    const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control());
    ASSERT_TRUE(shm::write_verdict(yard.record(), {*shm::Intent::unpack(worker.lane().words.intent), cause, 0}));
    (void)yard.bury();
    EXPECT_EQ(yard.word(slot).cause(), cause);
    const shm::LedgerTally& tally = yard.book.tally();
    EXPECT_EQ(tally.*count, 1U) << to_string(cause);
    EXPECT_EQ(tally.timed_out + tally.cancelled + tally.lost + tally.refused + tally.crashed, 1U) << to_string(cause);
  }
}

TEST(Burial, AForcedCancelEndsItsJobWhateverTheWorkerDiedOfAndExcusesTheKillAlone) {
  for (const int signal : {SIGKILL, SIGSEGV}) {
    Churchyard yard;
    FakeWorker& worker = take_seat(yard.seats[0], kWorker);
    const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control(), shm::kJobIdempotent);
    const auto intent = *shm::Intent::unpack(worker.lane().words.intent);
    ASSERT_TRUE(shm::write_verdict(yard.record(), {intent, Cause::CancelledByForce, 30}));
    const auto buried = yard.bury(CLD_KILLED, signal);
    EXPECT_EQ(yard.word(slot).state(), shm::SlotState::Cancelled);
    EXPECT_EQ(yard.word(slot).cause(), Cause::CancelledByForce);
    EXPECT_EQ(yard.word(slot).detail(), 30);
    EXPECT_EQ(yard.book.tally().cancelled, 1U);
    EXPECT_EQ(yard.book.tally().retries, 0U);
    const bool killed = signal == SIGKILL;
    EXPECT_EQ(buried.died.cause.kind, killed ? core::DeathKind::CancelledByForce : core::DeathKind::Signal);
    EXPECT_EQ(yard.fates.crashed_uids.empty(), killed);
    EXPECT_EQ(yard.book.last_death().empty(), killed) << yard.book.last_death();
    EXPECT_EQ(yard.asked_for_memory, 0);
  }
}

TEST(Burial, AForcedCancelIsNotAboutTheJobThatFollowed) {
  Churchyard yard;
  FakeWorker& worker = take_seat(yard.seats[0], kWorker);
  const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control());
  shm::Intent before = *shm::Intent::unpack(worker.lane().words.intent);
  --before.slot;
  ASSERT_TRUE(shm::write_verdict(yard.record(), {before, Cause::CancelledByForce, 30}));
  const auto buried = yard.bury(CLD_KILLED, SIGKILL);
  EXPECT_EQ(yard.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(buried.died.cause.kind, core::DeathKind::Signal);
}

TEST(Burial, AForcedCancelExcusesNobodyWhoIsKilledForAnotherReason) {
  Churchyard yard;
  FakeWorker& worker = take_seat(yard.seats[0], kWorker);
  const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control());
  yard.seats[0].verdict = core::DeathKind::OutOfMemory;
  const auto intent = *shm::Intent::unpack(worker.lane().words.intent);
  ASSERT_TRUE(shm::write_verdict(yard.record(), {intent, Cause::CancelledByForce, 0}));
  EXPECT_EQ(yard.bury().died.cause.kind, core::DeathKind::OutOfMemory);
  EXPECT_EQ(yard.word(slot).cause(), Cause::CancelledByForce);
}

TEST(Burial, AnOrphansJobThatIsForcedToEndIsNotTriedAgain) {
  Churchyard yard;
  FakeWorker elsewhere(kWorker);
  yard.keep_orphan(&elsewhere.lane());
  const std::uint32_t slot = yard.run_a_job(elsewhere.lane(), elsewhere.control(), shm::kJobIdempotent);
  yard.burial.note_forced(yard.seats[0], *shm::Intent::unpack(elsewhere.lane().words.intent));
  (void)yard.bury();
  EXPECT_EQ(yard.word(slot).cause(), Cause::CancelledByForce);
}

// It has said so to a supervisor that died.
TEST(Burial, AWorkerThatHasHadItsJobsAndExitsIsRecycled) {
  for (const std::uint64_t jobs : {4U, 5U}) {
    Churchyard yard;
    yard.config.recycle.max_jobs = 5;
    FakeWorker& worker = take_seat(yard.seats[0], kWorker);
    worker.lane().counters.done = jobs;
    EXPECT_EQ(yard.bury(CLD_EXITED, 0).died.cause.kind,
              jobs == 5 ? core::DeathKind::Recycled : core::DeathKind::ExitCode);
  }
  Churchyard yard;
  yard.config.recycle.max_jobs = 5;
  take_seat(yard.seats[0], kWorker).lane().counters.done = 5;
  EXPECT_EQ(yard.bury(CLD_KILLED, SIGSEGV).died.cause.kind, core::DeathKind::Signal);
}

TEST(Burial, AWorkerThatStoppedBetweenJobsByItsOwnWishIsRecycled) {
  for (const std::uint64_t jobs : {0U, 1U}) {
    for (const auto state : {shm::LaneState::Stopped, shm::LaneState::Running}) {
      Churchyard yard;
      FakeWorker& worker = take_seat(yard.seats[0], kWorker);
      worker.lane().counters.cancelled = jobs;
      worker.lane().words.state = static_cast<std::uint32_t>(state);
      const bool wished = jobs != 0 && state == shm::LaneState::Stopped;
      EXPECT_EQ(yard.bury(CLD_EXITED, 0).died.cause.kind,
                wished ? core::DeathKind::Recycled : core::DeathKind::ExitCode);
    }
  }
}

TEST(Burial, OutOfMemoryIsTheCauseOfAWorkerAndOfAnOrphanAlike) {
  for (const bool orphan : {false, true}) {
    Churchyard yard;
    yard.of_memory = true;
    FakeWorker elsewhere(kWorker);
    shm::LaneRecord* lane = &elsewhere.lane();
    shm::ControlRecord* control = &elsewhere.control();
    if (orphan) {
      yard.keep_orphan(lane);
    } else {
      FakeWorker& worker = take_seat(yard.seats[0], kWorker);
      lane = &worker.lane();
      control = &worker.control();
    }
    const std::uint32_t slot = yard.run_a_job(*lane, *control);
    const auto buried = yard.bury();
    EXPECT_EQ(yard.word(slot).cause(), Cause::OutOfMemory);
    EXPECT_EQ(buried.died.cause.kind, core::DeathKind::OutOfMemory) << "that is its own doing, whoever sent a signal";
    EXPECT_EQ(yard.book.last_death().rfind("out of memory", 0), 0U) << yard.book.last_death();
  }
}

TEST(Burial, AnOrphanThatWeKilledSaysNothingAboutItsPool) {
  Churchyard yard;
  FakeWorker elsewhere(kWorker);
  yard.keep_orphan(&elsewhere.lane());
  const std::uint32_t slot = yard.run_a_job(elsewhere.lane(), elsewhere.control());
  const auto buried = yard.bury();
  EXPECT_EQ(buried.kin, Burial::Kin::Orphan);
  EXPECT_EQ(buried.died.cause.kind, core::DeathKind::Recycled);
  EXPECT_EQ(yard.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(yard.book.last_death(), "killed by SIGKILL, as it could not be taken over");
  EXPECT_EQ(yard.keeper.acknowledged.size(), 1U);
}

TEST(Burial, WithoutALaneTheSlotsOwnerIsBelieved) {
  for (const std::uint32_t flags : {0U, shm::kJobIdempotent}) {
    Churchyard yard;
    FakeWorker elsewhere(kWorker);
    const std::uint32_t slot = yard.run_a_job(elsewhere.lane(), elsewhere.control(), flags);
    yard.keep_orphan(nullptr);
    yard.bury();
    EXPECT_EQ(yard.word(slot).state(), flags == 0 ? shm::SlotState::Failed : shm::SlotState::Ready);
  }
}

TEST(Burial, AStrangersJobIsResolvedAndNothingIsCounted) {
  Churchyard yard;
  FakeWorker elsewhere(kWorker);
  const std::uint32_t slot = yard.run_a_job(elsewhere.lane(), elsewhere.control());
  FakeWorker& living = take_seat(yard.seats[0], {0, 2});
  yard.record().incarnation = 2;
  shm::set_idle(*yard.memory.world.board, 0);
  const auto buried = yard.bury();
  EXPECT_EQ(buried.kin, Burial::Kin::Stranger);
  EXPECT_EQ(yard.word(slot).cause(), Cause::CrashedSignal);
  EXPECT_EQ(yard.book.tally().deaths, 0U) << "its predecessor has";
  EXPECT_TRUE(yard.charged.empty());
  EXPECT_EQ(yard.book.last_death(), "");
  EXPECT_EQ(yard.keeper.acknowledged, (std::vector{FakeKeeper::Name{0, 1}}));
  EXPECT_EQ(yard.record().state, static_cast<std::uint32_t>(shm::LedgerState::Live)) << "another process's";
  EXPECT_NE(yard.memory.world.board->idle[0], 0U) << "the living are rung";
  EXPECT_EQ(living.name().owner.incarnation, 2);
}

TEST(Burial, AnIdempotentJobIsTriedAgainUnlessItsPoolStops) {
  for (const bool stopping : {false, true}) {
    Churchyard yard;
    yard.stopping = stopping;
    FakeWorker& worker = take_seat(yard.seats[0], kWorker);
    yard.seats[0].verdict = core::DeathKind::Shutdown;
    const std::uint32_t slot = yard.run_a_job(worker.lane(), worker.control(), shm::kJobIdempotent);
    yard.bury();
    EXPECT_EQ(yard.word(slot).state(), stopping ? shm::SlotState::Failed : shm::SlotState::Ready);
    EXPECT_EQ(yard.book.tally().retries, stopping ? 0U : 1U);
    EXPECT_EQ(yard.book.tally().lost, stopping ? 1U : 0U);
    EXPECT_EQ(yard.book.last_death(), "") << "it was wanted";
  }
}

TEST(Burial, WhoRepeatsABurialCountsNothingTwice) {
  Churchyard yard;
  FakeWorker& worker = take_seat(yard.seats[0], kWorker);
  yard.run_a_job(worker.lane(), worker.control());
  yard.bury(CLD_KILLED, SIGSEGV);
  // As if the supervisor had died before the acknowledgement.
  yard.bury(CLD_KILLED, SIGSEGV);
  EXPECT_EQ(yard.book.tally().deaths, 1U);
  EXPECT_EQ(yard.book.tally().crashed, 1U);
  EXPECT_EQ(IncidentLog(yard.ledger.record).last(0, 9).size(), 1U);
}

TEST(Burial, AProcessThatNeverWasReadySaysWhy) {
  Churchyard yard;
  yard.record().flags = 0;
  take_seat(yard.seats[0], kWorker);
  yard.seats[0].ready = false;
  yard.seats[0].boot_error = "no handler library";
  const auto buried = yard.bury(CLD_EXITED, 1);
  EXPECT_EQ(buried.died.cause.kind, core::DeathKind::BootFailure);
  EXPECT_FALSE(buried.died.was_ready);
  EXPECT_NE(yard.book.last_death().find(": no handler library"), std::string::npos);
}

}  // namespace
}  // namespace ringmaster::daemon
