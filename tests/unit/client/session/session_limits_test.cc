#include <gtest/gtest.h>

#include <vector>

#include "tests/testing/fake_pool.h"

namespace ringmaster::client {
namespace {

using testing::FakePool;
using testing::submit_text;

SubmitError refused(SessionCore& core, std::string_view handler, std::size_t bytes, const Arguments& arguments = {},
                    const SubmitOptions& options = {}) {
  Request request = core.allocate(bytes, Duration(0)).value();
  return core.submit(handler, request, arguments, options).error().error;
}

TEST(SessionLimits, RefusesWhatTheHandlersTableForbids) {
  FakePool pool;
  const auto core = pool.connect();
  EXPECT_EQ(refused(*core, "ecko", 8), SubmitError::UnknownHandler);
  EXPECT_EQ(refused(*core, "sized", 5000), SubmitError::TooLarge);
  EXPECT_EQ(refused(*core, "sized", 8, {{"width", "wide"}}), SubmitError::BadArguments);
  EXPECT_EQ(refused(*core, "sized", 8, {{"height", "1"}}), SubmitError::BadArguments);
  EXPECT_EQ(refused(*core, "echo", 8, {}, {.result_capacity = 1 << 21}), SubmitError::TooLarge);
  EXPECT_EQ(refused(*core, "echo", 8, {}, {.timeout = Duration(-1)}), SubmitError::BadOption);
  EXPECT_EQ(refused(*core, "echo", 8, {}, {.timeout = std::chrono::hours(2)}), SubmitError::BadOption);
  EXPECT_EQ(core->allocate((1 << 20) + 1, Duration(0)).error().error, SubmitError::TooLarge);
}

TEST(SessionLimits, LetsUnknownNamesThroughWhileThePoolHasNotToldItsTable) {
  FakePool pool;
  const auto core = pool.connect(Duration(0), false);
  const std::uint32_t job = submit_text(*core, "anything", "x");
  pool.step();
  EXPECT_TRUE(core->wait(job, Duration(0))->ok());
}

TEST(SessionLimits, PassesArgumentsAndTheRestOfTheDescriptor) {
  FakePool pool;
  const auto core = pool.connect();
  const std::uint32_t job = submit_text(
      *core, "sized", "abc",
      {.timeout = std::chrono::microseconds(1500), .queue_timeout = std::chrono::seconds(2), .idempotent = true},
      {{"width", "256"}});
  ASSERT_TRUE(pool.step([](const shm::Claim& claim, const shm::JobExtents& extents) {
    EXPECT_EQ(claim.job.handler, wire::handler_id("sized"));
    EXPECT_EQ(claim.job.run_timeout_ms, 2U) << "rounded up";
    EXPECT_EQ(claim.job.queue_timeout_ms, 2000U);
    EXPECT_EQ(claim.job.flags & shm::kJobFlags, shm::kJobIdempotent | shm::kJobTakesSpilled);
    EXPECT_EQ(extents.result.size(), 64U) << "the handler's rule";
    const auto arguments = decode_arguments(extents.arguments).value();
    EXPECT_EQ(arguments.size(), 1U);
    EXPECT_EQ(arguments.front().value, "256");
    return shm::JobResult{};
  }));
  EXPECT_TRUE(core->wait(job, Duration(0))->ok());
}

TEST(SessionLimits, SaysQueueFullWhenEverySlotIsTakenAndKeepsTheRequest) {
  FakePool pool;
  const auto core = pool.connect();
  std::vector<std::uint32_t> jobs;
  for (int at = 0; at < 64; ++at) jobs.push_back(submit_text(*core, "echo", "x"));
  Request request = core->allocate(5, Duration(0)).value();
  std::memcpy(request.bytes().data(), "later", 5);
  EXPECT_EQ(pool.session().reply.queue_full().load(), 0U);
  EXPECT_EQ(core->submit("echo", request, {}, {}).error().error, SubmitError::QueueFull);
  EXPECT_EQ(pool.session().reply.queue_full().load(), 1U) << "the daemon is told";
  pool.step();
  EXPECT_TRUE(core->wait(jobs.front(), Duration(0))->ok());
  const std::uint32_t later = core->submit("echo", request, {}, {}).value();
  while (pool.step()) {
  }
  EXPECT_EQ(core->wait(later, Duration(0))->text(), "later");
}

TEST(SessionLimits, CallsARequestThatLeavesNoRoomForItsArgumentsTooLarge) {
  FakePool pool({64, 4096, 4096});
  const auto core = pool.connect();
  Request whole = core->allocate(4096, Duration(0)).value();
  whole.shrink(8);  // the extent stays as large
  EXPECT_EQ(core->submit("sized", whole, {{"width", "1"}}, {}).error().error, SubmitError::TooLarge);
}

TEST(SessionLimits, HoldsAResultsMemoryOnlyAsLongAsItsOutcome) {
  FakePool pool({64, 8192, 8192});
  const auto core = pool.connect();
  const std::string text(3000, 'r');
  std::vector<Outcome> held;
  for (int at = 0; at < 2; ++at) {
    const std::uint32_t job = submit_text(*core, "echo", text);
    pool.step();
    held.push_back(*core->wait(job, Duration(0)));
    EXPECT_EQ(held.back().text(), text);
  }
  Request third = core->allocate(3000, Duration(0)).value();
  EXPECT_EQ(core->submit("echo", third, {}, {}).error().error, SubmitError::QueueFull);
  held.pop_back();
  EXPECT_TRUE(core->submit("echo", third, {}, {}));
}

TEST(SessionLimits, TakesNoRequestOfAnotherSession) {
  FakePool one;
  FakePool two;
  const auto first = one.connect();
  const auto second = two.connect();
  Request request = first->allocate(8, Duration(0)).value();
  EXPECT_EQ(second->submit("echo", request, {}, {}).error().error, SubmitError::BadOption);
}

TEST(SessionLimits, FindsTheOneOfManyThatHasEnded) {
  FakePool pool;
  const auto core = pool.connect();
  std::vector<std::uint32_t> jobs{SessionCore::kNoRecord};
  for (int at = 0; at < 3; ++at) jobs.push_back(submit_text(*core, "echo", "x"));
  EXPECT_FALSE(core->wait_any(jobs, Duration(0)));
  core->cancel(jobs[2]);
  EXPECT_EQ(core->wait_any(jobs, kForever), 2U);
  EXPECT_FALSE(core->wait_any(std::vector<std::uint32_t>{SessionCore::kNoRecord}, kForever));
}

}  // namespace
}  // namespace ringmaster::client
