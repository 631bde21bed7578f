#include <gtest/gtest.h>

#include "tests/testing/fake_pool.h"

namespace ringmaster::client {
namespace {

using testing::FakePool;
using testing::submit_text;

TEST(SessionCore, DeliversTheResultInPlaceUntilTheOutcomeGoes) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "hello");
  EXPECT_FALSE(core->wait(job, Duration(0)).has_value());
  EXPECT_EQ(pool.rings(), 0U) << "nobody is parked on the board";
  ASSERT_TRUE(pool.step());
  auto outcome = core->wait(job, kForever);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Done);
  EXPECT_EQ(outcome->text(), "hello");
  EXPECT_EQ(outcome->attempts(), 1U);
  EXPECT_EQ(outcome->timings().run, Duration(1'000));
  EXPECT_EQ(outcome->facts().job_id >> 32, FakePool::kSerial);
  EXPECT_EQ(static_cast<const void*>(outcome->result().data()) == nullptr, false);
}

TEST(SessionCore, RingsWhenAWorkerIsParked) {
  FakePool pool;
  const auto core = pool.connect();
  shm::set_idle(*pool.self().board, 0);
  const std::uint32_t job = submit_text(*core, "echo", "");
  EXPECT_EQ(pool.rings(), 1U);
  pool.step();
  EXPECT_TRUE(core->wait(job, kForever)->ok());
}

TEST(SessionCore, TellsHowAJobFailed) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "x");
  pool.step([](const shm::Claim&, const shm::JobExtents&) {
    return shm::JobResult{shm::SlotState::Failed, Cause::Application, 0, 0, 0, "not an\x1b image"};
  });
  const auto outcome = core->wait(job, kForever);
  EXPECT_EQ(outcome->status(), Status::Failed);
  EXPECT_EQ(outcome->message(), "not an? image") << "a terminal obeys control characters";
  EXPECT_EQ(outcome->describe(), "failed: not an? image");
  EXPECT_TRUE(outcome->result().empty());
}

TEST(SessionCore, TellsTheSignalThatKilledItsWorker) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "x");
  const shm::Claim claim = pool.claim_one();
  ASSERT_NE(claim.slot, ~0U);
  const shm::ReplyView& reply = pool.session().reply;
  reply.word(claim.slot)
      .store(shm::SlotWord::terminal(claim.word.seq(), shm::SlotState::Failed, 2, Cause::CrashedSignal, 11).bits());
  shm::announce_done(reply, claim.slot);
  const auto outcome = core->wait(job, kForever);
  EXPECT_EQ(outcome->status(), Status::Crashed);
  EXPECT_EQ(outcome->detail(), 11);
  EXPECT_EQ(outcome->attempts(), 3U);
  EXPECT_EQ(outcome->describe(), "crashed by signal 11 (SIGSEGV) (attempt 3, job 7-1)");
}

TEST(SessionCore, AsksOnceMoreWithTheSizeNeeded) {
  FakePool pool;
  const auto core = pool.connect();
  const std::string big(10'000, 'b');
  const std::uint32_t job = submit_text(*core, "echo", big, {.idempotent = true, .result_capacity = 16});
  ASSERT_TRUE(pool.step());
  EXPECT_FALSE(core->ended(job)) << "it is queued again";
  ASSERT_TRUE(pool.step());
  const auto outcome = core->wait(job, kForever);
  EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(outcome->text(), big);
}

TEST(SessionCore, DoesNotAskAgainForAJobThatMayRunOnlyOnce) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "0123456789", {.result_capacity = 4});
  pool.step();
  const auto outcome = core->wait(job, kForever);
  EXPECT_EQ(outcome->status(), Status::Refused);
  EXPECT_EQ(outcome->cause(), Cause::TooLarge);
  EXPECT_EQ(outcome->facts().needed_bytes, 10U);
}

TEST(SessionCore, AsksAgainOnlyOnce) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "x", {.idempotent = true, .result_capacity = 0});
  std::uint64_t needed = 100;
  const auto greedy = [&](const shm::Claim&, const shm::JobExtents&) {
    return shm::JobResult{shm::SlotState::Failed, Cause::TooLarge, 0, 0, needed *= 2, {}};
  };
  ASSERT_TRUE(pool.step(greedy));
  EXPECT_FALSE(core->ended(job));
  ASSERT_TRUE(pool.step(greedy));
  const auto outcome = core->wait(job, Duration(0));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->facts().needed_bytes, 400U);
}

// One job whose result of 3000 bytes is held, and one that asks for 3000 bytes more, in a ring of 4096.
struct FullRing {
  FakePool pool{{64, 8192, 4096}};
  std::shared_ptr<SessionCore> core = pool.connect();
  const std::string text = std::string(3000, 'r');
  std::optional<Outcome> held;
  std::uint32_t job = 0;
  FullRing() {
    const std::uint32_t first = submit_text(*core, "echo", text);
    pool.step();
    held = core->wait(first, Duration(0));
    job = submit_text(*core, "echo", text, {.idempotent = true, .result_capacity = 16});
    pool.step();
  }
};

TEST(SessionCore, AsksAgainWhenTheRoomComes) {
  FullRing ring;
  EXPECT_FALSE(ring.core->ended(ring.job)) << "it waits for the room";
  EXPECT_FALSE(ring.pool.step());
  Request later = ring.core->allocate(8, Duration(0)).value();
  EXPECT_EQ(ring.core->submit("echo", later, {}, {}).error().error, SubmitError::QueueFull)
      << "no newer job takes what it waits for";
  ring.held.reset();
  ASSERT_TRUE(ring.pool.step()) << "asked when the result was given back";
  const auto outcome = ring.core->wait(ring.job, Duration(0));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text(), ring.text);
}

TEST(SessionCore, LetsGoOfAJobThatWaitsForRoom) {
  FullRing ring;
  EXPECT_FALSE(ring.core->ended(ring.job));
  ring.core->abandon(ring.job);
  ring.held.reset();
  EXPECT_FALSE(ring.pool.step());
  const std::uint32_t after = submit_text(*ring.core, "echo", ring.text);
  ring.pool.step();
  EXPECT_TRUE(ring.core->wait(after, Duration(0))->ok());

  FullRing other;
  EXPECT_FALSE(other.core->ended(other.job));
  other.core->cancel(other.job);
  EXPECT_TRUE(other.core->ended(other.job));
}

TEST(SessionCore, TellsAPollingClientThatTheDaemonIsGone) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "a");
  pool.die();
  EXPECT_TRUE(core->ended(job));
  EXPECT_EQ(core->wait(job, Duration(0))->status(), Status::Lost);
}

TEST(SessionCore, CancelsAQueuedJobAtOnceAndAsksARunningOne) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t running = submit_text(*core, "echo", "a");
  const std::uint32_t queued = submit_text(*core, "echo", "b");
  const shm::Claim claim = pool.claim_one();
  core->cancel(queued);
  const auto cancelled = core->wait(queued, Duration(0));
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->status(), Status::Cancelled);
  EXPECT_EQ(cancelled->attempts(), 0U);
  EXPECT_GT(cancelled->timings().queued, Duration(0)) << "nobody else can tell how long it waited";
  EXPECT_EQ(cancelled->timings().run, Duration(0));
  EXPECT_FALSE(pool.cancel_asked(claim));
  core->cancel(running);
  EXPECT_TRUE(pool.cancel_asked(claim));
  EXPECT_FALSE(core->wait(running, Duration(0)));
  shm::JobResult late;
  (void)shm::finish(pool.self(), pool.session(), claim, late, 5);
  EXPECT_TRUE(core->wait(running, Duration(0))->ok());
}

TEST(SessionCore, GivesEverythingOfAnAbandonedJobBack) {
  FakePool pool({64, 4096, 4096});
  const auto core = pool.connect();
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t job = submit_text(*core, "echo", std::string(1500, 'x'));
    const shm::Claim claim = pool.claim_one();
    ASSERT_NE(claim.slot, ~0U) << round;
    core->abandon(job);
    (void)shm::finish(pool.self(), pool.session(), claim, shm::JobResult{}, 5);
    (void)core->ended(job);  // anything that collects
  }
  const std::uint32_t after = submit_text(*core, "echo", std::string(1500, 'y'));
  pool.step();
  EXPECT_TRUE(core->wait(after, Duration(0))->ok());
}

TEST(SessionCore, SurvivesAWorkerThatLiesAboutItsResult) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "x", {.result_capacity = 64});
  pool.step([](const shm::Claim&, const shm::JobExtents&) {
    return shm::JobResult{shm::SlotState::Done, Cause::Completed, 0, std::uint64_t{1} << 40, 0, {}};
  });
  const auto outcome = core->wait(job, Duration(0));
  EXPECT_EQ(outcome->status(), Status::Failed);
  EXPECT_EQ(outcome->cause(), Cause::ProtocolViolation);
}

TEST(SessionCore, CallsEveryJobLostWhenTheDaemonIsGone) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t ended = submit_text(*core, "echo", "a");
  const std::uint32_t open = submit_text(*core, "echo", "b");
  pool.step();
  pool.die();
  ASSERT_TRUE(core->check_gone());
  EXPECT_EQ(core->wait(open, kForever)->status(), Status::Lost);
  EXPECT_TRUE(core->wait(ended, kForever)->ok()) << "what has ended is still told";
  EXPECT_EQ(core->allocate(8, Duration(0)).error().error, SubmitError::SessionClosed);
}

TEST(SessionCore, TellsALostJobThatHasRunFromOneThatNeverWill) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t running = submit_text(*core, "echo", "a");
  const std::uint32_t queued = submit_text(*core, "echo", "b");
  EXPECT_NE(pool.claim_one().slot, ~0U);
  pool.die();
  ASSERT_TRUE(core->check_gone());
  EXPECT_EQ(core->wait(running, kForever)->attempts(), 1U);
  EXPECT_EQ(core->wait(queued, kForever)->attempts(), 0U);
  EXPECT_EQ(pool.claim_one().slot, ~0U) << "a worker that still lives finds nothing to claim";
}

TEST(SessionCore, TakesNothingWhenTheBoardSaysClosed) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t queued = submit_text(*core, "echo", "a");
  Request request = core->allocate(8, Duration(0)).value();
  const auto close = [&](shm::BoardClosed closed) {
    pool.self().board->closed.store(static_cast<std::uint32_t>(closed));
  };
  close(shm::BoardClosed::Draining);
  const auto refused = core->submit("echo", request, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, SubmitError::Draining);
  EXPECT_NE(refused.error().message.find("\"images\" is draining"), std::string::npos);
  EXPECT_EQ(core->allocate(8, Duration(0)).error().error, SubmitError::Draining);
  close(shm::BoardClosed::Quarantined);
  EXPECT_NE(core->allocate(8, Duration(0)).error().message.find("has no worker"), std::string::npos);
  close(shm::BoardClosed::Stopping);
  EXPECT_NE(core->allocate(8, Duration(0)).error().message.find("stopping"), std::string::npos);
  pool.step();
  EXPECT_TRUE(core->wait(queued, Duration(0))->ok()) << "what was accepted before runs";
  close(shm::BoardClosed::Open);
  EXPECT_TRUE(core->submit("echo", request, {}, {}));
}

TEST(SessionCore, AsksForNoLargerResultWhenTheBoardSaysClosed) {
  FakePool pool;
  const auto core = pool.connect();
  SubmitOptions options;
  options.idempotent = true;
  options.result_capacity = 64;
  const std::uint32_t job = submit_text(*core, "echo", std::string(500, 'x'), options);
  pool.self().board->closed.store(static_cast<std::uint32_t>(shm::BoardClosed::Draining));
  pool.step();
  const auto outcome = core->wait(job, Duration(0));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cause(), Cause::TooLarge);
}

// A copy that no handler of fork could close: of a child made by clone, or one that is passed on.
TEST(SessionCore, ItsFarewellIsHeardThoughAnotherHoldsACopyOfTheLifeline) {
  FakePool pool;
  const UniqueFd copy = pool.copy_of_client_lifeline();
  auto core = pool.connect();
  EXPECT_FALSE(pool.client_said_farewell());
  ASSERT_TRUE(core->close());
  core->hang_up();
  EXPECT_TRUE(pool.client_said_farewell());
}

}  // namespace
}  // namespace ringmaster::client
