#include "shm/port/reap.h"

#include <gtest/gtest.h>

#include "shm/job_end.h"
#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

using testing::Memory;
using testing::Worker;
using testing::World;

const CrashRule kRetryIdempotent = [](std::uint64_t, bool idempotent, unsigned) {
  return idempotent ? AfterCrash::Retry : AfterCrash::Fail;
};

DeathReport death_of(const Worker& worker) {
  DeathReport death;
  death.owner = worker.self.owner;
  death.intent_bits = worker.self.lane->words.intent.load();
  death.cause = Cause::CrashedSignal;
  death.detail = 11;
  return death;
}

TEST(Reap, FailsTheJobThatItsWorkerTookAlong) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim job = worker.take();
  const ReapTarget targets[] = {world.target()};
  const auto jobs = reap(targets, death_of(worker), kRetryIdempotent);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].cause, Cause::CrashedSignal);
  EXPECT_EQ(jobs[0].job_id, make_job_id(7, job.word.seq()));
  EXPECT_EQ(jobs[0].label, "a.js#b");
  EXPECT_TRUE(reap(targets, death_of(worker), kRetryIdempotent).empty()) << "a redo finds nothing more";
  int found = 0;
  world.client.collect([&](std::uint32_t, SlotWord word) {
    ++found;
    EXPECT_EQ(word.cause(), Cause::CrashedSignal);
    EXPECT_EQ(word.detail(), 11);
  });
  EXPECT_EQ(found, 1);
}

TEST(Reap, ReturnsAnIdempotentJobToTheQueue) {
  World world;
  Worker dead(world, {1, 1}, 0);
  Worker next(world, {1, 2}, 0);
  Claim job;
  EXPECT_EQ(claim(next.self, next.session, 1, job), ClaimStatus::Nothing);
  world.submit(kJobIdempotent);
  ASSERT_EQ(claim(dead.self, dead.session, 1, job), ClaimStatus::Claimed);
  const ReapTarget targets[] = {world.target()};
  const auto jobs = reap(targets, death_of(dead), kRetryIdempotent);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_TRUE(jobs[0].retried);
  ASSERT_EQ(claim(next.self, next.session, 2, job), ClaimStatus::Claimed);
  EXPECT_EQ(job.word.attempt(), 1u);
}

TEST(Reap, TheFirstVerdictWinsOverTheSignal) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit(kJobIdempotent);
  (void)worker.take();
  const Intent intent = *look_at_lane(*worker.self.lane).intent;
  DeathReport death = death_of(worker);
  death.detail = 9;
  death.verdict = Verdict{intent, Cause::RunTimeout, 0};
  ASSERT_TRUE(condemn(world.reply, intent, worker.self.owner));
  const ReapTarget targets[] = {world.target()};
  const auto jobs = reap(targets, death, kRetryIdempotent);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].cause, Cause::RunTimeout);
  EXPECT_FALSE(jobs[0].retried);
}

TEST(Reap, AForgedOwnerEndsAsProtocolViolation) {
  World world;
  Worker worker(world, {1, 1}, 0);
  const std::uint32_t seq = world.submit(kJobIdempotent);
  world.reply.word(world.last_slot).store(SlotWord::owned(seq, SlotState::Running, 0, {1, 1}).bits());
  const ReapTarget targets[] = {world.target()};
  const auto jobs = reap(targets, death_of(worker), kRetryIdempotent);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_TRUE(jobs[0].forged);
  EXPECT_EQ(jobs[0].cause, Cause::ProtocolViolation);
}

TEST(Reap, BelievesTheOwnerBitsWhereTheLaneIsLost) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  const std::uint32_t plain = world.last_slot;
  Claim job = worker.take();
  const std::uint32_t seq = world.submit(kJobIdempotent);
  world.reply.word(world.last_slot).store(SlotWord::owned(seq, SlotState::Running, 0, {1, 1}).bits());
  DeathReport death = death_of(worker);
  death.intent_bits = 0;
  death.intent_known = false;
  death.verdict = Verdict{{3, static_cast<std::uint16_t>(plain), job.word.seq()}, Cause::RunTimeout, 0};
  const ReapTarget targets[] = {world.target()};
  const auto jobs = reap(targets, death, kRetryIdempotent);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].cause, Cause::RunTimeout);
  EXPECT_TRUE(jobs[1].retried);
  EXPECT_FALSE(jobs[0].forged || jobs[1].forged);
}

// A job that its worker has claimed and dies with.
struct CutShort {
  explicit CutShort(std::uint32_t flags = 0) {
    seq = world.submit(flags);
    world.request.descriptor(world.last_slot).submitted_ns = 40;
    EXPECT_EQ(claim(worker.self, worker.session, 100, job), ClaimStatus::Claimed);
    death = death_of(worker);
    death.run = {death.intent_bits, 100, 350};
  }
  [[nodiscard]] SlotLine& line() const { return world.reply.line(job.slot); }

  World world;
  Worker worker{world, {1, 1}, 0};
  const ReapTarget targets[1] = {world.target()};
  Claim job;
  DeathReport death;
  std::uint32_t seq = 0;
};

TEST(Reap, TellsTheTimesOfTheRunThatADeathCutShort) {
  CutShort run;
  const auto times = times_cut_short(run.targets, run.death);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->queued_ns, 60u);
  EXPECT_EQ(times->run_ns, 250u);
  ASSERT_EQ(reap(run.targets, run.death, kRetryIdempotent).size(), 1u);
  const JobEnd end = read_end(run.line(), SlotWord(run.line().word.load()), {run.seq, 0, 40, 0}, 0);
  EXPECT_TRUE(end.told);
  EXPECT_EQ(end.attempts, 1u);
  EXPECT_EQ(end.queued_ns, 60u);
  EXPECT_EQ(end.run_ns, 250u);
  EXPECT_FALSE(times_cut_short(run.targets, run.death)) << "once it is resolved it is not counted again";
}

TEST(Reap, WhatADyingWorkerHadBegunToDescribeIsForgotten) {
  for (const std::uint32_t flags : {0U, kJobIdempotent}) {
    CutShort run(flags);
    run.line().result_seq = run.seq;
    run.line().message_bytes = 7;
    run.line().result_bytes = 7;
    ASSERT_EQ(reap(run.targets, run.death, kRetryIdempotent).size(), 1u);
    EXPECT_EQ(run.line().message_bytes, 0u);
    EXPECT_EQ(run.line().result_bytes, 0u);
    EXPECT_EQ(run.line().result_seq, flags == 0 ? run.seq : 0u) << "of a job that is tried again nothing is known";
  }
}

TEST(Reap, WritesNothingBesideAForgedWord) {
  CutShort run;
  const std::uint32_t seq = run.world.submit();
  const std::uint32_t forged = run.world.last_slot;
  run.world.reply.word(forged).store(SlotWord::owned(seq, SlotState::Running, 0, {1, 1}).bits());
  run.world.reply.line(forged).result_seq = 12345;
  ASSERT_EQ(reap(run.targets, run.death, kRetryIdempotent).size(), 2u);
  EXPECT_EQ(run.world.reply.line(forged).result_seq, 12345u);
}

TEST(Reap, ARunThatHadEndedIsNotCutShort) {
  CutShort run;
  ASSERT_EQ(finish(run.worker.self, run.worker.session, run.job, {}, 200), FinishStatus::Finished);
  EXPECT_FALSE(times_cut_short(run.targets, run.death)) << "its worker died before it could clear its intent";
  run.death.run = {};
  EXPECT_FALSE(times_cut_short(run.targets, run.death));
}

TEST(Reap, LeavesOtherIncarnationsAlone) {
  World world;
  Worker dead(world, {1, 1}, 0);
  Worker alive(world, {1, 2}, 0);
  world.submit();
  Claim job = alive.take();
  const ReapTarget targets[] = {world.target()};
  EXPECT_TRUE(reap(targets, death_of(dead), kRetryIdempotent).empty());
  EXPECT_EQ(finish(alive.self, alive.session, job, {}, 2), FinishStatus::Finished);
}

TEST(Reap, RestoresADoneBitThatDiedWithItsWorker) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim job = worker.take();
  // The worker dies right after its completing CAS.
  world.reply.word(job.slot).store(SlotWord::terminal(job.word.seq(), SlotState::Done, 0, Cause::Completed).bits());
  const std::uint32_t before = world.client.observe();
  const ReapTarget targets[] = {world.target()};
  EXPECT_TRUE(reap(targets, death_of(worker), kRetryIdempotent).empty());
  EXPECT_NE(world.client.observe(), before) << "a waiter must not sleep on the old word";
  int found = 0;
  world.client.collect([&](std::uint32_t, SlotWord) { ++found; });
  EXPECT_EQ(found, 1);
}

TEST(Reap, EndAllLeavesNoJobOpen) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  world.submit();
  (void)worker.take();
  EXPECT_EQ(end_all(world.reply, Cause::Lost), 2u);
  int lost = 0;
  world.client.collect([&](std::uint32_t, SlotWord word) { lost += word.cause() == Cause::Lost ? 1 : 0; });
  EXPECT_EQ(lost, 2);
}

TEST(Ledger, EndsAfterThePoolsThatThereAre) {
  static_assert(ledger_bytes(kMaxPools) == sizeof(LedgerRecord));
  EXPECT_LT(ledger_bytes(1), std::uint64_t{1} << 20) << "a file size limit of 1 MiB";
  Memory memory(ledger_bytes(2));
  format_ledger(memory.span());
  EXPECT_NE(open_ledger(memory.span(), 2), nullptr);
  EXPECT_EQ(open_ledger(memory.span(), 3), nullptr);
}

TEST(Ledger, CountsACrashOncePerDeath) {
  Memory memory(sizeof(LedgerRecord));
  LedgerRecord& ledger = *format_ledger(memory.span());
  LedgerWorker& worker = ledger.workers[0];
  EXPECT_EQ(count_crash(ledger, worker, 77, 11), 1u);
  EXPECT_EQ(count_crash(ledger, worker, 77, 11), 1u) << "a redo";
  worker.counted_job.store(0);  // the next incarnation
  EXPECT_EQ(count_crash(ledger, worker, 77, 11), 2u);
  forget_crashes(ledger, 77);
  worker.counted_job.store(0);
  EXPECT_EQ(count_crash(ledger, worker, 77, 11), 1u);
}

TEST(Ledger, AFullTableOfCrashesForgetsTheOldest) {
  Memory memory(sizeof(LedgerRecord));
  LedgerRecord& ledger = *format_ledger(memory.span());
  const auto crash = [&](std::uint64_t job) {
    ledger.workers[0].counted_job.store(0);
    return count_crash(ledger, ledger.workers[0], job, 11);
  };
  for (std::uint64_t job = 1; job <= kLedgerCrashes; ++job) EXPECT_EQ(crash(job), 1u);
  EXPECT_EQ(crash(1), 2u);
  EXPECT_EQ(crash(kLedgerCrashes + 1), 1u) << "in the place of 2, although 1 lies where it would fall";
  EXPECT_EQ(crash(1), 3u);
  EXPECT_EQ(crash(3), 2u);
  EXPECT_EQ(crash(2), 1u);
}

TEST(Ledger, ADeathIsBookedOnce) {
  Memory memory(sizeof(LedgerRecord));
  LedgerPool& pool = format_ledger(memory.span())->pools[1];
  const auto die = [&](Owner owner) { return book_death(pool, owner, [](LedgerTally& tally) { ++tally.deaths; }); };
  ++tally_of(pool).starts;
  EXPECT_TRUE(die({5, 1}));
  EXPECT_FALSE(die({5, 1})) << "a redo";
  ++tally_of(pool).kills;
  EXPECT_TRUE(die({5, 2}));
  EXPECT_TRUE(die({4095, 4095}));
  EXPECT_EQ(tally_of(pool).deaths, 3u);
  EXPECT_EQ(tally_of(pool).starts, 1u);
  EXPECT_EQ(tally_of(pool).kills, 1u);
}

TEST(Ledger, KeepsTheFirstVerdict) {
  Memory memory(sizeof(LedgerRecord));
  LedgerRecord& ledger = *format_ledger(memory.span());
  EXPECT_FALSE(standing_verdict(ledger.workers[5]));
  EXPECT_TRUE(write_verdict(ledger.workers[5], {{1, 2, 3}, Cause::RunTimeout, 0}));
  EXPECT_FALSE(write_verdict(ledger.workers[5], {{1, 2, 3}, Cause::Cancelled, 0}));
  EXPECT_EQ(standing_verdict(ledger.workers[5])->cause, Cause::RunTimeout);
  withdraw_verdict(ledger.workers[5]);
  EXPECT_FALSE(standing_verdict(ledger.workers[5]));
}

}  // namespace
}  // namespace ringmaster::shm
