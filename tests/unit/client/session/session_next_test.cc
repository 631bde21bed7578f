#include <gtest/gtest.h>

#include "tests/testing/fake_pool.h"

// Ends that are taken as they come, under the cookies of their jobs.
namespace ringmaster::client {
namespace {

using testing::FakePool;
using testing::submit_text;

std::uint64_t post(SessionCore& core, std::uint64_t cookie, std::string_view text, SubmitOptions options = {}) {
  Request request = core.allocate(text.size(), Duration(0)).value();
  if (!text.empty()) std::memcpy(request.bytes().data(), text.data(), text.size());
  options.cookie = cookie;
  std::uint64_t id = 0;
  EXPECT_TRUE(core.submit("echo", request, {}, options, JobRecord::Taker::Next, &id));
  return id;
}

std::optional<Ended> next(SessionCore& core, Duration limit = Duration(0)) {
  std::optional<Ended> ended(std::in_place);
  if (!core.next(limit, *ended)) ended.reset();
  return ended;
}

TEST(SessionNext, TellsEachEndOnceUnderItsCookie) {
  FakePool pool;
  const auto core = pool.connect();
  EXPECT_FALSE(next(*core)) << "nothing was posted";
  const std::uint64_t id = post(*core, 17, "a");
  post(*core, 18, "b");
  EXPECT_FALSE(next(*core)) << "nothing has ended";
  pool.step();
  pool.step();
  const auto first = next(*core);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->cookie, 17U);
  EXPECT_EQ(first->outcome.text(), "a");
  EXPECT_EQ(first->outcome.facts().job_id, id);
  const auto second = next(*core);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->cookie, 18U);
  EXPECT_FALSE(next(*core));
}

TEST(SessionNext, LeavesAloneWhatSomebodyHolds) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t held = submit_text(*core, "echo", "held");
  post(*core, 5, "posted");
  pool.step();
  pool.step();
  EXPECT_EQ(next(*core)->cookie, 5U);
  EXPECT_FALSE(next(*core));
  EXPECT_EQ(core->wait(held, Duration(0))->text(), "held");
}

TEST(SessionNext, IsFoundAlsoWhereAnotherWaitCameFirst) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t held = submit_text(*core, "echo", "held");
  post(*core, 5, "posted");
  pool.step();
  pool.step();
  EXPECT_EQ(core->wait_any(std::vector{held}, Duration(0)), std::size_t{0});
  EXPECT_EQ(next(*core)->outcome.text(), "posted");
}

TEST(SessionNext, GoesOnBesideAResultThatIsKept) {
  FakePool pool({64, 1 << 16, 1 << 16});
  const auto core = pool.connect();
  post(*core, 0, std::string(1000, 'k'));
  pool.step();
  const auto kept = next(*core);
  for (std::uint64_t job = 1; job <= 2'000; ++job) {
    post(*core, job, std::string(4000, static_cast<char>('a' + job % 26)));
    pool.step();
    const auto ended = next(*core);
    ASSERT_TRUE(ended) << job;
    ASSERT_EQ(ended->cookie, job);
    ASSERT_EQ(ended->outcome.text().back(), static_cast<char>('a' + job % 26));
  }
  EXPECT_EQ(kept->outcome.text(), std::string(1000, 'k'));
}

TEST(SessionNext, AsksOnceMoreWithTheSizeNeededBeforeItTells) {
  FakePool pool;
  const auto core = pool.connect();
  post(*core, 1, std::string(10'000, 'b'), {.idempotent = true, .result_capacity = 16});
  pool.step();
  EXPECT_FALSE(next(*core)) << "it is queued again";
  pool.step();
  EXPECT_EQ(next(*core)->outcome.result().size(), 10'000U);
}

TEST(SessionNext, TellsWhatIsGivenUpWhileItWaitsForRoom) {
  FakePool pool({64, 8192, 4096});
  const auto core = pool.connect();
  const std::string text(3000, 'r');
  post(*core, 1, text);
  pool.step();
  const auto held = next(*core);
  post(*core, 2, text, {.idempotent = true, .result_capacity = 16});
  pool.step();
  EXPECT_FALSE(next(*core));
  const std::uint32_t before = core->port().observe();
  EXPECT_TRUE(core->cancel_posted(2));
  EXPECT_NE(core->port().observe(), before) << "who sleeps is woken";
  const auto ended = next(*core);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cookie, 2U);
  EXPECT_EQ(ended->outcome.cause(), Cause::TooLarge);
  EXPECT_FALSE(next(*core));
}

TEST(SessionNext, TellsTheEndOfWhatWasCancelled) {
  FakePool pool;
  const auto core = pool.connect();
  post(*core, 1, "running");
  post(*core, 2, "queued");
  const shm::Claim claim = pool.claim_one();
  EXPECT_TRUE(core->cancel_posted(2));
  EXPECT_TRUE(core->cancel_posted(1));
  EXPECT_FALSE(core->cancel_posted(3));
  EXPECT_TRUE(pool.cancel_asked(claim));
  const auto queued = next(*core);
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->cookie, 2U);
  EXPECT_EQ(queued->outcome.status(), Status::Cancelled);
  EXPECT_FALSE(next(*core)) << "a running one may still end well";
  (void)shm::finish(pool.self(), pool.session(), claim, shm::JobResult{}, 5);
  EXPECT_TRUE(next(*core)->outcome.ok());
  EXPECT_FALSE(core->cancel_posted(1)) << "it has ended";
}

TEST(SessionNext, TellsOfEachJobWhenTheSessionIsClosed) {
  FakePool pool;
  const auto core = pool.connect();
  for (std::uint64_t job = 1; job <= 3; ++job) post(*core, job, "x");
  pool.step();
  const shm::Claim running = pool.claim_one();
  ASSERT_NE(running.slot, ~0U);
  EXPECT_FALSE(core->over());
  core->close();
  EXPECT_FALSE(core->over()) << "three outcomes are there to be taken";
  unsigned told = 0;
  while (const auto ended = next(*core, kForever)) {
    ++told;
    EXPECT_EQ(ended->outcome.status(), ended->cookie == 1 ? Status::Done : Status::Cancelled) << ended->cookie;
  }
  EXPECT_EQ(told, 3U);
  EXPECT_TRUE(core->over());
}

TEST(SessionNext, TellsOfEachJobOnceWhenTheDaemonIsGone) {
  FakePool pool;
  const auto core = pool.connect();
  for (std::uint64_t job = 1; job <= 3; ++job) post(*core, job, "x");
  pool.step();
  pool.die();
  std::vector<Status> told(4, Status::Refused);
  for (int at = 0; at < 2; ++at) {
    const auto ended = next(*core, kForever);
    ASSERT_TRUE(ended);
    told[ended->cookie] = ended->outcome.status();
  }
  core->close();
  const auto last = next(*core, kForever);
  ASSERT_TRUE(last);
  told[last->cookie] = last->outcome.status();
  EXPECT_FALSE(next(*core, kForever));
  EXPECT_EQ(told[1], Status::Done);
  EXPECT_EQ(std::count(told.begin(), told.end(), Status::Refused), 1) << "which is the cookie of none";
}

}  // namespace
}  // namespace ringmaster::client
