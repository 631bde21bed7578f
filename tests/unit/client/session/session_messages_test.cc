#include <gtest/gtest.h>
#include <poll.h>

#include "shm/message_log.h"
#include "tests/testing/fake_pool.h"

// Messages of jobs that run, and their order with ends.
namespace ringmaster::client {
namespace {

using testing::bytes_of;
using testing::FakePool;
using testing::submit_text;

SubmitOptions talks() { return {.messages = 1024}; }

std::optional<Ended> next(SessionCore& core, Duration limit = Duration(0)) {
  std::optional<Ended> ended(std::in_place);
  if (!core.next(limit, *ended)) ended.reset();
  return ended;
}

/// A pool whose worker says what a test tells it.
struct TalkingPool : FakePool {
  using FakePool::FakePool;
  shm::Claim claim = {};
  shm::JobExtents extents = {};

  void begin() {
    claim = claim_one();
    extents = shm::locate(session(), claim);
    ASSERT_TRUE(extents.ok);
  }
  bool say(std::string_view text, unsigned attempt = 1) {
    if (!shm::MessageWriter(extents.messages).append(shm::MessageKind::Data, attempt, bytes_of(text))) return false;
    shm::announce_done(session().reply, claim.slot);
    return true;
  }
  void end() { (void)shm::finish(self(), session(), claim, testing::echo(claim, extents), 2'000); }
};

std::uint32_t post(SessionCore& core, std::uint64_t cookie, SubmitOptions options = talks()) {
  Request request = core.allocate(4, Duration(0)).value();
  std::memcpy(request.bytes().data(), "text", 4);
  options.cookie = cookie;
  return core.submit("echo", request, {}, options, JobRecord::Taker::Next).value();
}

TEST(SessionMessages, OfAPostedJobComeInOrderAndBeforeItsOutcome) {
  TalkingPool pool;
  const auto core = pool.connect();
  post(*core, 17);
  pool.begin();
  EXPECT_FALSE(next(*core)) << "it has said nothing yet";
  EXPECT_TRUE(pool.say("one"));
  const auto one = next(*core);
  ASSERT_TRUE(one && one->message);
  EXPECT_EQ(one->cookie, 17U);
  EXPECT_EQ(one->message->bytes, "one");
  EXPECT_EQ(one->message->attempt, 1U);
  EXPECT_FALSE(next(*core));
  EXPECT_TRUE(pool.say("two"));
  EXPECT_TRUE(pool.say("three"));
  pool.end();
  EXPECT_EQ(next(*core)->message->bytes, "two");
  EXPECT_EQ(next(*core)->message->bytes, "three");
  const auto ended = next(*core);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->message);
  EXPECT_EQ(ended->outcome.text(), "text");
  EXPECT_EQ(ended->outcome.facts().dropped_messages, 0U);
  EXPECT_FALSE(next(*core));
}

TEST(SessionMessages, OfTheHolderOfAJobAreTakenByTheHolder) {
  TalkingPool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "text", talks());
  pool.begin();
  EXPECT_FALSE(core->next_message(job, Duration(0)));
  EXPECT_TRUE(pool.say("one"));
  EXPECT_FALSE(next(*core)) << "nobody else's";
  EXPECT_EQ(core->next_message(job, Duration(0))->bytes, "one");
  EXPECT_TRUE(pool.say("two"));
  pool.end();
  EXPECT_EQ(core->next_message(job, kForever)->bytes, "two");
  EXPECT_FALSE(core->next_message(job, kForever)) << "it has ended, and said no more";
  EXPECT_EQ(core->wait(job, Duration(0))->text(), "text");
}

TEST(SessionMessages, ThatAreNotTakenGoWithTheOutcome) {
  TalkingPool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(*core, "echo", "text", talks());
  pool.begin();
  EXPECT_TRUE(pool.say("one"));
  pool.end();
  EXPECT_EQ(core->wait(job, Duration(0))->text(), "text");
  post(*core, 5);  // the same room, most likely
  pool.begin();
  pool.end();
  const auto ended = next(*core);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->message) << "a new job's log is empty";
}

TEST(SessionMessages, ForWhichThereIsNoRoomAreCounted) {
  TalkingPool pool;
  const auto core = pool.connect();
  post(*core, 1, {.messages = 64});
  pool.begin();
  EXPECT_TRUE(pool.say(std::string(50, 'x')));
  EXPECT_FALSE(pool.say("y"));
  EXPECT_FALSE(pool.say("z"));
  pool.end();
  EXPECT_EQ(next(*core)->message->bytes, std::string(50, 'x'));
  EXPECT_EQ(next(*core)->outcome.facts().dropped_messages, 2U);
  const std::uint32_t none = submit_text(*core, "echo", "text");
  pool.begin();
  EXPECT_TRUE(pool.extents.messages.empty());
  EXPECT_FALSE(pool.say("to nobody"));
  pool.end();
  EXPECT_EQ(core->wait(none, Duration(0))->facts().dropped_messages, 0U) << "it asked for none";
}

TEST(SessionMessages, OfManyJobsAreEachJobsOwn) {
  TalkingPool pool;
  const auto core = pool.connect();
  for (std::uint64_t round = 1; round <= 200; ++round) {
    post(*core, round, round % 2 == 0 ? talks() : SubmitOptions{});
    pool.begin();
    EXPECT_EQ(pool.say(std::to_string(round)), round % 2 == 0);
    // Every second one is told while it runs: its record is used again with the announcement still queued, or not.
    if (round % 4 == 0) {
      EXPECT_EQ(next(*core)->message->bytes, std::to_string(round));
    }
    pool.end();
    if (round % 4 == 2) {
      EXPECT_EQ(next(*core)->message->bytes, std::to_string(round));
    }
    const auto ended = next(*core);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->cookie, round);
    EXPECT_FALSE(ended->message);
  }
}

TEST(SessionMessages, ThatALyingWorkerWritesEndTheLogAndHarmNothing) {
  TalkingPool pool;
  const auto core = pool.connect();
  post(*core, 1);
  pool.begin();
  EXPECT_TRUE(pool.say("one"));
  reinterpret_cast<shm::MessageLogHead*>(pool.extents.messages.data())->written = UINT64_MAX;
  shm::announce_done(pool.session().reply, pool.claim.slot);
  EXPECT_FALSE(next(*core)) << "not even what was true before";
  pool.end();
  const auto ended = next(*core);
  ASSERT_TRUE(ended && !ended->message);
  EXPECT_EQ(ended->outcome.facts().dropped_messages, 1U);
  EXPECT_EQ(ended->outcome.text(), "text");
}

TEST(SessionMessages, WakeAnEventLoopAndAWaiter) {
  TalkingPool pool;
  const auto core = pool.connect();
  const int fd = core->event_fd().value();
  const auto readable = [fd] {
    pollfd look{fd, POLLIN, 0};
    return ::poll(&look, 1, 30'000) == 1;
  };
  ASSERT_TRUE(readable());  // jobs may have ended before its thread began
  std::uint64_t count = 0;
  ASSERT_EQ(::read(fd, &count, sizeof count), 8);
  const std::uint32_t job = submit_text(*core, "echo", "text", talks());
  pool.begin();
  std::thread worker([&] { pool.say("one"); });
  EXPECT_EQ(core->next_message(job, std::chrono::seconds(30))->bytes, "one");
  worker.join();
  EXPECT_TRUE(readable());
  pool.end();
  EXPECT_TRUE(core->wait(job, kForever)->ok());
}

TEST(SessionMessages, AreTakenBeforeTheirLostJobWhenTheDaemonGoes) {
  TalkingPool pool;
  const auto core = pool.connect();
  post(*core, 3);
  pool.begin();
  EXPECT_TRUE(pool.say("one"));
  pool.die();
  EXPECT_EQ(next(*core, kForever)->message->bytes, "one");
  EXPECT_EQ(next(*core, kForever)->outcome.status(), Status::Lost);
  EXPECT_FALSE(next(*core, kForever));
  EXPECT_TRUE(core->over());
}

TEST(SessionMessages, NeedRoomThatTheSessionHas) {
  FakePool pool({64, 1 << 16, 1 << 16});
  const auto core = pool.connect();
  const auto refused = [&](const SubmitOptions& options) {
    Request request = core->allocate(4, Duration(0)).value();
    const auto job = core->submit("echo", request, {}, options);
    return job ? std::string("accepted") : std::string(to_string(job.error().error));
  };
  EXPECT_EQ(refused({.messages = (1 << 24) + 1}), to_string(SubmitError::BadOption));
  EXPECT_EQ(refused({.messages = 1 << 16}), to_string(SubmitError::TooLarge));
  EXPECT_EQ(refused({.messages = (1 << 16) - 256}), "accepted");
}

}  // namespace
}  // namespace ringmaster::client
