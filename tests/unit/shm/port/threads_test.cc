#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

using testing::Worker;
using testing::World;

constexpr std::uint32_t kJobs = 20'000;

// The same code as in the processes, as threads over one mapping, so that ThreadSanitizer can watch it: two workers,
// one client that sleeps on the completion word without a belt (a lost wake would hang, not slow down).
TEST(Threads, EveryJobComesBackOnce) {
  World world(64);
  std::atomic<bool> stop{false};
  const auto work = [&](Owner owner, std::uint32_t place) {
    Worker worker(world, owner, place);
    while (!stop.load()) {
      Claim job;
      if (claim(worker.self, worker.session, 1, job) != ClaimStatus::Claimed) {
        std::this_thread::yield();
        continue;
      }
      JobResult result;
      result.result_bytes = job.word.seq();
      ASSERT_EQ(finish(worker.self, worker.session, job, result, 2), FinishStatus::Finished);
    }
  };
  std::thread first(work, Owner{1, 1}, 0);
  std::thread second(work, Owner{2, 1}, 1);
  std::uint32_t submitted = 0, collected = 0;
  while (collected < kJobs) {
    while (submitted < kJobs && world.submit() != 0) ++submitted;
    const std::uint32_t seen = world.client.observe();
    const unsigned found = world.client.collect([&](std::uint32_t slot, SlotWord word) {
      EXPECT_EQ(word.state(), SlotState::Done);
      EXPECT_EQ(world.reply.line(slot).result_bytes, word.seq());
      world.client.release(slot);
    });
    collected += found;
    if (found == 0 && collected < kJobs) world.client.sleep(seen, std::chrono::hours(1));
  }
  stop.store(true);
  first.join();
  second.join();
  EXPECT_EQ(world.client.in_flight(), 0u);
}

// A worker that "dies" between two protocol steps, again and again, and a reaper that repairs after it while another
// worker goes on.
TEST(Threads, AReaperBesideALivingWorkerLosesNothing) {
  World world(64);
  std::atomic<bool> stop{false};
  std::thread living([&] {
    Worker worker(world, {1, 1}, 0);
    while (!stop.load()) {
      Claim job;
      if (claim(worker.self, worker.session, 1, job) != ClaimStatus::Claimed) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ(finish(worker.self, worker.session, job, {}, 2), FinishStatus::Finished);
    }
  });
  std::thread dying([&] {
    const CrashRule retry = [](std::uint64_t, bool, unsigned attempts) {
      return attempts < 4 ? AfterCrash::Retry : AfterCrash::Fail;
    };
    for (std::uint16_t life = 1; !stop.load(); ++life) {
      Worker worker(world, {2, static_cast<std::uint16_t>(life & kOwnerMask)}, 1);
      Claim job;
      if (claim(worker.self, worker.session, 1, job) != ClaimStatus::Claimed) {
        std::this_thread::yield();
        continue;
      }
      DeathReport death;
      death.owner = worker.self.owner;
      death.intent_bits = worker.self.lane->words.intent.load();
      const ReapTarget targets[] = {world.target()};
      (void)reap(targets, death, retry);
    }
  });
  std::uint32_t submitted = 0, collected = 0;
  while (collected < kJobs) {
    while (submitted < kJobs && world.submit(kJobIdempotent) != 0) ++submitted;
    const std::uint32_t seen = world.client.observe();
    const unsigned found = world.client.collect([&](std::uint32_t slot, SlotWord) { world.client.release(slot); });
    collected += found;
    if (found == 0 && collected < kJobs) world.client.sleep(seen, std::chrono::hours(1));
  }
  stop.store(true);
  living.join();
  dying.join();
  EXPECT_EQ(submitted, collected);
}

}  // namespace
}  // namespace ringmaster::shm
