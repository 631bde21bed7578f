#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

using testing::Worker;
using testing::World;

std::vector<SlotWord> collect(World& world) {
  std::vector<SlotWord> found;
  world.client.collect([&](std::uint32_t slot, SlotWord word) {
    found.push_back(word);
    world.client.release(slot);
  });
  return found;
}

TEST(JobPath, GoesFromClientToWorkerToClient) {
  World world;
  Worker worker(world, {1, 1}, 0);
  const std::uint32_t seq = world.submit();
  Claim job = worker.take(100);
  EXPECT_EQ(job.job.handler, 42u);
  EXPECT_EQ(look_at_lane(*worker.self.lane).intent, (Intent{3, static_cast<std::uint16_t>(job.slot), seq}));
  ASSERT_TRUE(locate(worker.session, job).ok);
  JobResult result;
  result.result_bytes = 5;
  EXPECT_EQ(finish(worker.self, worker.session, job, result, 200), FinishStatus::Finished);
  EXPECT_FALSE(look_at_lane(*worker.self.lane).intent);
  const auto found = collect(world);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].state(), SlotState::Done);
  EXPECT_EQ(found[0].seq(), seq);
  EXPECT_EQ(world.client.in_flight(), 0u);
  EXPECT_EQ(claim(worker.self, worker.session, 300, job), ClaimStatus::Nothing);
}

TEST(JobPath, ALaneCountsWhatItsJobsTook) {
  World world;
  Worker worker(world, {1, 1}, 0);
  for (const std::uint64_t ran : {std::uint64_t{1'000}, std::uint64_t{3'000'000}, std::uint64_t{2'000}}) {
    world.submit();
    Claim job = worker.take(500);
    ASSERT_EQ(finish(worker.self, worker.session, job, {}, 500 + ran), FinishStatus::Finished);
  }
  const LaneRecord& lane = *worker.self.lane;
  EXPECT_EQ(lane.counters.done.load(), 3u);
  EXPECT_EQ(lane.counters.run.sum_ns.load(), 3'003'000u);
  EXPECT_EQ(lane.counters.run.max_ns.load(), 3'000'000u);
  EXPECT_EQ(lane.counters.queue.sum_ns.load(), 1'500u);
  EXPECT_EQ(lane.counters.queue.max_ns.load(), 500u);
  EXPECT_EQ(lane.queue_buckets[bucket_of(500)].load(), 3u);
  for (const std::uint64_t ran : {1'000U, 2'000U, 3'000'000U}) EXPECT_EQ(lane.run_buckets[bucket_of(ran)].load(), 1u);
}

TEST(JobPath, EachSideTellsTheOtherOnWhichCpuItWaits) {
  World world;
  Worker worker(world, {1, 1}, 0);
  const BothCpus& cpus = world.client.cpus();
  cpus.own_is(3);
  worker.self.lane->cpu = 7;
  for (int run = 0; run < 2; ++run) {  // in a slot that was used before too
    world.submit();
    Claim job = worker.take(100);
    EXPECT_EQ(job.job.flags >> kJobCpuShift, 3u);
    ASSERT_EQ(finish(worker.self, worker.session, job, {}, 200), FinishStatus::Finished);
    collect(world);
    EXPECT_EQ(cpus.other(), 7u);
  }
}

TEST(JobPath, BelievesNoSubmissionFromBeforeItsSessionOrFromTheFuture) {
  World world;
  Worker worker(world, {1, 1}, 0);
  worker.session.opened_ns = 1000;
  const auto claimed_at = [&](std::uint64_t said_ns, std::uint64_t now_ns) {
    world.submit();
    world.request.descriptor(world.last_slot).submitted_ns = said_ns;
    Claim job = worker.take(now_ns);
    EXPECT_EQ(finish(worker.self, worker.session, job, {}, now_ns), FinishStatus::Finished);
    collect(world);
    return job.job.submitted_ns;
  };
  EXPECT_EQ(claimed_at(1500, 2000), 1500U);
  EXPECT_EQ(claimed_at(3, 2000), 1000U);
  EXPECT_EQ(claimed_at(UINT64_MAX, 2000), 2000U);
}

TEST(JobPath, RefusesTheJobAfterTheLastSlot) {
  World world(64);
  for (int i = 0; i < 64; ++i) EXPECT_NE(world.submit(), 0u);
  EXPECT_EQ(world.submit(), 0u);
}

TEST(JobPath, ServesSlotsInTheOrderTheyWereHandedOut) {
  World world(64);
  Worker worker(world, {1, 1}, 0);
  std::uint32_t expected = 1;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 50; ++i) world.submit();
    for (int i = 0; i < 50; ++i) {
      Claim job = worker.take();
      EXPECT_EQ(job.word.seq(), expected++);
      ASSERT_EQ(finish(worker.self, worker.session, job, {}, 2), FinishStatus::Finished);
    }
    EXPECT_EQ(collect(world).size(), 50u);
  }
}

TEST(JobPath, CancelsWhatIsQueuedAndAsksWhatRuns) {
  World world;
  Worker worker(world, {1, 1}, 0);
  std::uint32_t seq = world.submit();
  EXPECT_TRUE(world.client.cancel(world.last_slot, seq));
  const auto found = collect(world);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].cause(), Cause::Cancelled);
  seq = world.submit();
  Claim job = worker.take();
  EXPECT_FALSE(cancel_asked(worker.self, worker.session, job));
  EXPECT_FALSE(world.client.cancel(world.last_slot, seq));
  EXPECT_TRUE(cancel_asked(worker.self, worker.session, job));
}

TEST(Board, SaysNothingOfPlacesThatNobodyHas) {
  World world;
  BoardRecord& board = *world.board;
  for (const std::uint32_t place : {0U, 1U, 70U, 255U}) {
    set_idle(board, place);
    set_spin(board, place);
  }
  board.streamer.store(0xFFFFFFFF);
  board.standby.store(72);
  std::uint64_t living[kBoardWords] = {2, 0, 0, 0};
  clear_strangers(board, living);
  EXPECT_EQ(board.idle[0].load(), 2U);
  EXPECT_EQ(board.spin[0].load(), 2U);
  EXPECT_EQ(board.idle[1].load() | board.spin[1].load() | board.idle[3].load() | board.spin[3].load(), 0U);
  EXPECT_EQ(board.streamer.load(), 0U);
  EXPECT_EQ(board.standby.load(), 0U);
  board.streamer.store(2);
  clear_strangers(board, living);
  EXPECT_EQ(board.streamer.load(), 2U);
}

TEST(JobPath, AHeldWorkerClaimsNothingAndNamesNothing) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  worker.control->hold.store(1);
  Claim job;
  EXPECT_EQ(claim(worker.self, worker.session, 1, job), ClaimStatus::Held);
  EXPECT_FALSE(look_at_lane(*worker.self.lane).intent);
  worker.control->hold.store(0);
  EXPECT_EQ(claim(worker.self, worker.session, 1, job), ClaimStatus::Claimed);
}

TEST(JobPath, ACondemnedWorkerCannotComplete) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim job = worker.take();
  const Intent intent = *look_at_lane(*worker.self.lane).intent;
  worker.control->hold.store(1);
  EXPECT_TRUE(condemn(world.reply, intent, worker.self.owner));
  EXPECT_TRUE(condemn(world.reply, intent, worker.self.owner)) << "a successor repeats the step";
  EXPECT_EQ(finish(worker.self, worker.session, job, {}, 2), FinishStatus::Held);
  EXPECT_TRUE(collect(world).empty());
}

TEST(JobPath, ACondemnationThatComesTooLateIsRefused) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim job = worker.take();
  const Intent intent = *look_at_lane(*worker.self.lane).intent;
  ASSERT_EQ(finish(worker.self, worker.session, job, {}, 2), FinishStatus::Finished);
  EXPECT_FALSE(condemn(world.reply, intent, worker.self.owner));
}

TEST(JobPath, ASentenceKillsOnlyWhereTheLaneAgrees) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim first = worker.take();
  const Intent late = *look_at_lane(*worker.self.lane).intent;
  ASSERT_EQ(finish(worker.self, worker.session, first, {}, 2), FinishStatus::Finished);
  world.submit();
  Claim second = worker.take(3);
  worker.control->hold.store(1);
  EXPECT_EQ(condemn_and_look(world.reply, *worker.self.lane, late, worker.self.owner), Condemnation::Ended);
  world.reply.word(first.slot).store(first.word.bits());  // the client aims
  EXPECT_EQ(condemn_and_look(world.reply, *worker.self.lane, late, worker.self.owner), Condemnation::Forged);
  const Intent now = *look_at_lane(*worker.self.lane).intent;
  EXPECT_EQ(condemn_and_look(world.reply, *worker.self.lane, now, worker.self.owner), Condemnation::Kill);
  world.reply.word(second.slot).store(0);
  EXPECT_EQ(condemn_and_look(world.reply, *worker.self.lane, now, worker.self.owner), Condemnation::Unclear);
}

TEST(JobPath, AnAlteredWordIsTamperingUnlessHeld) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  Claim job = worker.take();
  world.reply.word(job.slot).store(0x1234);
  EXPECT_EQ(finish(worker.self, worker.session, job, {}, 2), FinishStatus::Tampered);
  EXPECT_FALSE(look_at_lane(*worker.self.lane).intent);
}

TEST(JobPath, ADescriptorThatPointsOutsideIsNotLocated) {
  World world;
  Worker worker(world, {1, 1}, 0);
  const auto slot = world.client.take_slot();
  JobDescriptor bad{};
  bad.request_line = 0xFFFFFFFF;
  bad.request_bytes = ~std::uint64_t{0};
  (void)world.client.publish(*slot, bad);
  Claim job = worker.take();
  EXPECT_FALSE(locate(worker.session, job).ok);
}

TEST(JobPath, StaleReadyBitsAreClearedAndRealOnesFound) {
  World world;
  Worker worker(world, {1, 1}, 0);
  for (std::uint32_t slot = 0; slot < 64; ++slot) set_hint(world.reply.ready(), slot);
  Claim job;
  EXPECT_EQ(claim(worker.self, worker.session, 1, job), ClaimStatus::Nothing);
  EXPECT_EQ(world.reply.ready().bits[0].load(), 0u);
  world.submit();
  EXPECT_EQ(claim(worker.self, worker.session, 1, job), ClaimStatus::Claimed);
}

TEST(JobPath, AsksForARingOnlyWhenSomeoneSleepsAndNobodyLooks) {
  World world;
  EXPECT_FALSE(should_ring(*world.board));
  set_idle(*world.board, 70);
  EXPECT_TRUE(should_ring(*world.board));
  set_spin(*world.board, 200);
  EXPECT_FALSE(should_ring(*world.board));
  EXPECT_EQ(count_spinners(*world.board), 1u);
  clear_spin(*world.board, 200);
  clear_idle(*world.board, 70);
  EXPECT_FALSE(anyone_idle(*world.board));
}

TEST(JobPath, OneLookAtTheBoardAnswersAsTheSingleQuestionsDo) {
  World world;
  BoardRecord& board = *world.board;
  for (unsigned state = 0; state < 8; ++state) {
    (state & 1) != 0 ? set_idle(board, 70) : clear_idle(board, 70);
    (state & 2) != 0 ? set_spin(board, 200) : clear_spin(board, 200);
    (state & 4) != 0 ? (void)take_role(board.standby, 3) : (void)leave_role(board.standby, 3);
    const BoardLook look = look_at_board(board);
    EXPECT_EQ(look.anyone_idle, anyone_idle(board)) << state;
    EXPECT_EQ(look.should_ring, should_ring(board)) << state;
  }
}

TEST(JobPath, ExpiresOnlyWhatStillWaits) {
  World world;
  Worker worker(world, {1, 1}, 0);
  world.submit();
  const SlotWord ready = world.client.read(world.last_slot);
  EXPECT_TRUE(end_ready(world.reply, world.last_slot, ready, Cause::QueueTimeout));
  EXPECT_FALSE(end_ready(world.reply, world.last_slot, ready, Cause::QueueTimeout));
  Claim job;
  EXPECT_EQ(claim(worker.self, worker.session, 1, job), ClaimStatus::Nothing);
  ASSERT_EQ(collect(world).size(), 1u);
}

}  // namespace
}  // namespace ringmaster::shm
