#include <gtest/gtest.h>
#include <poll.h>
#include <time.h>

#include <thread>
#include <vector>

#include "tests/testing/fake_pool.h"

// A session that several threads use, and its waits in real time.
namespace ringmaster {
namespace {

using testing::FakePool;
using testing::submit_text;

TEST(SessionThreads, WaitsForRoomWhenAsked) {
  FakePool pool({64, 1 << 16, 1 << 16});
  const auto core = pool.connect();
  Request all = core->allocate(1 << 16, Duration(0)).value();
  EXPECT_EQ(core->allocate(64, Duration(0)).error().error, SubmitError::QueueFull);
  EXPECT_EQ(pool.session().reply.queue_full().load(), 1U);
  std::thread other([&] { EXPECT_TRUE(core->allocate(64, kForever)); });
  all = Request();
  other.join();
}

TEST(SessionThreads, StopsSpinningOnAWordThatSomebodyAltered) {
  FakePool pool;
  const auto core = pool.connect(std::chrono::microseconds(50));
  const std::uint32_t job = submit_text(*core, "echo", "a");
  const shm::Claim claim = pool.claim_one();
  ASSERT_NE(claim.slot, ~0U);
  pool.session().reply.word(claim.slot).store(shm::SlotWord::ready(claim.word.seq() + 1, 0).bits());
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  EXPECT_FALSE(core->wait(job, std::chrono::milliseconds(300)));
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  const auto burnt = (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec;
  EXPECT_LT(burnt, 150'000'000) << "it slept for most of the time";
}

// One job's result is held, and another's needs more room than it leaves: whoever waits for the second holds the first.
TEST(SessionThreads, GivesUpAskingWhenOnlyItsCallerCouldMakeRoom) {
  FakePool pool({64, 8192, 4096});
  const auto core = pool.connect();
  const std::string text(3000, 'r');
  const std::uint32_t first = submit_text(*core, "echo", text);
  pool.step();
  const auto held = core->wait(first, Duration(0));
  const std::uint32_t second = submit_text(*core, "echo", text, {.idempotent = true, .result_capacity = 16});
  pool.step();
  const auto outcome = core->wait(second, kForever);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::TooLarge);
  EXPECT_EQ(outcome->facts().needed_bytes, 3000U);
}

TEST(SessionThreads, TellsPostedJobsOnceToWhicheverThreadAsks) {
  FakePool pool;
  const auto core = pool.connect(std::chrono::microseconds(20));
  pool.start();
  constexpr std::uint64_t kJobs = 3'000;
  std::vector<std::atomic<int>> told(kJobs);
  std::atomic<std::uint64_t> left = kJobs;
  std::vector<std::thread> takers;
  for (int taker = 0; taker < 3; ++taker) {
    takers.emplace_back([&] {
      while (left.load() != 0) {
        Ended ended;
        if (!core->next(std::chrono::milliseconds(1), ended)) continue;
        EXPECT_EQ(ended.outcome.text(), std::to_string(ended.cookie));
        ++told[ended.cookie];
        --left;
      }
    });
  }
  for (std::uint64_t job = 0; job < kJobs; ++job) {
    const std::string text = std::to_string(job);
    Request request = core->allocate(text.size(), kForever).value();
    std::memcpy(request.bytes().data(), text.data(), text.size());
    SubmitOptions options;
    options.cookie = job;
    options.wait_for_room = kForever;
    EXPECT_TRUE(core->submit("echo", request, {}, options, client::JobRecord::Taker::Next));
  }
  for (std::thread& taker : takers) taker.join();
  for (const auto& times : told) EXPECT_EQ(times.load(), 1);
}

TEST(SessionThreads, EndsEveryWaitWhenItIsClosed) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t running = submit_text(*core, "echo", "a");
  const shm::Claim claim = pool.claim_one();
  std::thread waiter([&] { EXPECT_EQ(core->wait(running, kForever)->status(), Status::Cancelled); });
  EXPECT_TRUE(core->close());
  EXPECT_FALSE(core->close());
  waiter.join();
  EXPECT_TRUE(pool.cancel_asked(claim));
  Request none;
  EXPECT_EQ(core->submit("echo", none, {}, {}).error().error, SubmitError::SessionClosed);
}

TEST(SessionThreads, FeedsAnEventDescriptor) {
  FakePool pool;
  const auto core = pool.connect();
  const int fd = core->event_fd().value();
  EXPECT_EQ(core->event_fd().value(), fd);
  const std::uint32_t job = submit_text(*core, "echo", "a");
  pool.start();
  while (!core->ended(job)) {
    pollfd look{fd, POLLIN, 0};
    ASSERT_EQ(::poll(&look, 1, 30'000), 1);
    std::uint64_t count = 0;
    ASSERT_EQ(::read(fd, &count, sizeof count), static_cast<ssize_t>(sizeof count));
  }
  EXPECT_TRUE(core->wait(job, kForever)->ok());
  core->close();
}

// A program that looks before it sleeps is woken by what ends while it sleeps, and by nothing else.
TEST(SessionThreads, FeedsAnEventDescriptorOnlyWhileItsProgramSleeps) {
  FakePool pool;
  const auto core = pool.connect();
  const int fd = core->event_fd().value();
  const auto sleep = [&] {
    pollfd look{fd, POLLIN, 0};
    ASSERT_EQ(::poll(&look, 1, 30'000), 1);
    std::uint64_t count = 0;
    ASSERT_EQ(::read(fd, &count, sizeof count), static_cast<ssize_t>(sizeof count));
  };
  const auto asks_to_be_woken = [&] { return (core->port().observe() & shm::kWaitingBit) != 0; };
  const auto end_one = [&] {
    Request none;
    ASSERT_TRUE(core->submit("echo", none, {}, {}, client::JobRecord::Taker::Next));
    pool.step();
  };
  for (int round = 0; round < 100; ++round) {
    EXPECT_FALSE(core->spin(Duration(0)));
    EXPECT_TRUE(asks_to_be_woken());
    end_one();
    sleep();
    end_one();  // It is awake.
    EXPECT_FALSE(asks_to_be_woken());
    EXPECT_TRUE(core->spin(Duration(0)));
    for (int count = 0; count < 2; ++count) {
      Ended ended;
      EXPECT_TRUE(core->next(Duration(0), ended));
    }
  }
}

TEST(SessionThreads, ServesManyThreads) {
  FakePool pool({64, 1 << 18, 1 << 18});
  const auto core = pool.connect(std::chrono::microseconds(20));
  pool.start();
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&, id] {
      for (int round = 0; round < 300; ++round) {
        const std::string text = std::to_string(id) + ":" + std::to_string(round);
        auto request = core->allocate(text.size(), kForever);
        ASSERT_TRUE(request);
        std::memcpy(request->bytes().data(), text.data(), text.size());
        const auto job = core->submit("echo", *request, {}, {.wait_for_room = kForever});
        ASSERT_TRUE(job);
        const auto outcome = core->wait(*job, kForever);
        ASSERT_TRUE(outcome->ok());
        ASSERT_EQ(outcome->text(), text);
      }
    });
  }
  for (std::thread& one : threads) one.join();
}

}  // namespace
}  // namespace ringmaster
