#include <poll.h>

#include "tests/integration/control/control_fixture.h"

namespace ringmaster::testing {
namespace {

/// A further request says that what came before it was read.
void ask_something(TestClient& client) {
  v1::Request request;
  request.mutable_get_status();
  EXPECT_TRUE(client.call(request).has_status());
}

TEST_F(ControlTest, AJobInAMessageComesBackAsAnOutcome) {
  start();
  TestClient client(path);
  v1::Request echo = submit_request("echo", "hello", 1);
  const v1::Outcome outcome = client.call(echo).outcome();
  EXPECT_EQ(outcome.kind(), v1::OUTCOME_DONE);
  EXPECT_EQ(outcome.result(), "hello");
  EXPECT_NE(outcome.job_id(), 0U);
  v1::Request fail = submit_request("fail", "", 2);
  const v1::Outcome failed = client.call(fail).outcome();
  EXPECT_EQ(failed.kind(), v1::OUTCOME_FAILED);
  EXPECT_EQ(failed.message(), "it was meant to fail");
}

TEST_F(ControlTest, AMebibyteGoesThereAndBackAndMoreIsRefused) {
  start();
  TestClient client(path);
  const std::string payload(1 << 20, 'p');
  v1::Request echo = submit_request("echo", payload, 1);
  EXPECT_EQ(client.call(echo).outcome().needed_bytes(), 0U);
  v1::Request larger = submit_request("echo", payload + "q", 2);
  const v1::Error error = client.call(larger).error();
  EXPECT_EQ(error.code(), v1::ERROR_TOO_LARGE);
  EXPECT_EQ(error.needed(), payload.size() + 1);
  EXPECT_EQ(error.limit(), payload.size());
}

TEST_F(ControlTest, BadSubmitsAreRefusedWithTheirReason) {
  start();
  TestClient client(path);
  const auto code = [&](auto change) {
    v1::Request request = submit_request("echo", "x", 1);
    change(*request.mutable_submit());
    return client.call(request).error().code();
  };
  EXPECT_EQ(code([](v1::Submit& s) { s.set_pool("nope"); }), v1::ERROR_UNKNOWN_POOL);
  EXPECT_EQ(code([](v1::Submit& s) { s.set_handler("nope"); }), v1::ERROR_UNKNOWN_HANDLER);
  EXPECT_EQ(code([](v1::Submit& s) { s.set_cookie_low(0); }), v1::ERROR_BAD_REQUEST);
  EXPECT_EQ(code([](v1::Submit& s) { s.set_run_timeout_ms(std::uint64_t{1} << 50); }), v1::ERROR_BAD_REQUEST);
  EXPECT_EQ(code([](v1::Submit& s) { s.add_arguments()->set_key("width"); }), v1::ERROR_BAD_ARGUMENT);
}

TEST_F(ControlTest, AJobWhosePoolGoesBeforeItsHandlersAreKnownIsRefused) {
  start();
  daemon->pool.handlers_known_ = false;
  TestClient client(path);
  v1::Request submit = submit_request("echo", "x", 1);
  client.send(submit);
  ask_something(client);
  daemon->pool_gone = true;
  daemon->pool.handlers_known_ = true;
  EXPECT_EQ(client.receive()->error().code(), v1::ERROR_UNKNOWN_POOL);
}

TEST_F(ControlTest, ManyJobsOfOneConnectionAreAnsweredByTheirIds) {
  start();
  TestClient client(path);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    v1::Request request = submit_request("echo", std::to_string(i), i);
    client.send(request);
  }
  std::map<std::uint64_t, std::string> results;
  for (int i = 0; i < 200; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply.has_value());
    results[reply->id()] = reply->outcome().result();
  }
  ASSERT_EQ(results.size(), 200U);
  for (const auto& [id, result] : results) EXPECT_EQ(result, std::to_string(id - 1));
}

TEST_F(ControlTest, ThousandsOfReadOutcomesMakeRoomForTheNext) {
  start();
  TestClient client(path);
  const std::string payload(64 * 1024, 'x');
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    v1::Request request = submit_request("echo", payload, i);
    ASSERT_EQ(client.call(request).outcome().kind(), v1::OUTCOME_DONE) << i;
  }
}

TEST_F(ControlTest, UnreadOutcomesAreKeptAndCountedUntilTheQuotaRefuses) {
  limits.socket_jobs_per_uid = 3;
  start();
  TestClient client(path);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    v1::Request request = submit_request("echo", std::to_string(i), i, false);
    EXPECT_TRUE(client.call(request).has_accepted());
  }
  v1::Request fourth = submit_request("echo", "4", 4, false);
  EXPECT_EQ(client.call(fourth).error().code(), v1::ERROR_QUOTA);
  TestClient again(path);
  v1::Request fetch = fetch_request(2);
  EXPECT_EQ(again.call(fetch).outcome().result(), "2");
  EXPECT_TRUE(client.call(fourth).has_accepted());
}

TEST_F(ControlTest, TheSameCookieIsTheSameJob) {
  start();
  TestClient client(path);
  v1::Request request = submit_request("echo", "first", 5);
  const v1::Outcome first = client.call(request).outcome();
  v1::Request again = submit_request("echo", "second", 5);
  const v1::Outcome second = client.call(again).outcome();
  EXPECT_EQ(first.job_id(), second.job_id());
  EXPECT_EQ(second.result(), "first");
  v1::Request unknown = fetch_request(6);
  EXPECT_EQ(client.call(unknown).error().code(), v1::ERROR_UNKNOWN_JOB);
}

TEST_F(ControlTest, AQueuedJobIsCancelledAtOnce) {
  start();
  daemon->pool.working = false;
  TestClient client(path);
  v1::Request submit = submit_request("echo", "x", 7, false);
  const std::uint64_t id = client.call(submit).accepted().job_id();
  v1::Request cancel;
  cancel.mutable_cancel()->set_job_id(id);
  EXPECT_TRUE(client.call(cancel).cancelled().was_queued());
  v1::Request fetch = fetch_request(7);
  EXPECT_EQ(client.call(fetch).outcome().kind(), v1::OUTCOME_CANCELLED);
  EXPECT_TRUE(client.call(cancel).cancelled().already_ended());
}

TEST_F(ControlTest, WhoeverWaitsIsToldWhenTheDaemonEnds) {
  start();
  daemon->pool.working = false;
  TestClient client(path);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    v1::Request request = submit_request("echo", "x", i);
    client.send(request);
  }
  v1::Request last = submit_request("echo", "x", 6, false);
  EXPECT_TRUE(client.call(last).has_accepted());
  supervisor->end_all_sessions(Cause::Lost);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.receive()->outcome().kind(), v1::OUTCOME_LOST);
  EXPECT_TRUE(eventually([&] { return daemon->holding == 0; }));
  daemon->pool.working = true;
  v1::Request next = submit_request("echo", "a new session", 7);
  EXPECT_EQ(client.call(next).outcome().result(), "a new session");
}

// With its pool. To be told that such a job is unknown would mean that it may be submitted again.
TEST_F(ControlTest, AJobWhoseSessionIsGoneBeforeItsOutcomeWasReadIsNotUnknown) {
  start();
  {
    TestClient client(path);
    for (const auto& [handler, cookie] : {std::pair("echo", 1), std::pair("fail", 2), std::pair("echo", 3)}) {
      v1::Request submit = submit_request(handler, "x", static_cast<std::uint64_t>(cookie), false);
      ASSERT_TRUE(client.call(submit).has_accepted());
    }
    v1::Request read = fetch_request(3);
    EXPECT_EQ(client.call(read).outcome().result(), "x");
    ask_something(client);
  }
  supervisor->end_all_sessions(Cause::PoolRemoved);
  EXPECT_TRUE(eventually([&] { return daemon->holding == 0; }));
  TestClient client(path);
  v1::Request fetch = fetch_request(1);
  const v1::Outcome lost = client.call(fetch).outcome();
  EXPECT_EQ(lost.kind(), v1::OUTCOME_LOST);
  EXPECT_EQ(lost.cause(), static_cast<std::uint32_t>(Cause::PoolRemoved));
  v1::Request again = submit_request("echo", "x", 1);
  EXPECT_EQ(client.call(again).outcome().job_id(), lost.job_id()) << "it does not run again";
  v1::Request failed = fetch_request(2);
  EXPECT_EQ(client.call(failed).outcome().message(), "it was meant to fail");
  v1::Request known = fetch_request(3);
  EXPECT_EQ(client.call(known).error().code(), v1::ERROR_UNKNOWN_JOB) << "it has been read";
}

TEST_F(ControlTest, ASuccessorAnswersForItsPredecessorsJobs) {
  start();
  {
    TestClient client(path);
    v1::Request ended = submit_request("echo", "ended before", 8, false);
    ASSERT_TRUE(client.call(ended).has_accepted());
    v1::Request wait = fetch_request(8);
    client.send(wait);
    pollfd answered{client.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&answered, 1, 30'000), 1);  // and it is never read
  }
  {
    TestClient client(path);
    daemon->pool.working = false;
    v1::Request queued = submit_request("echo", "queued before", 9, false);
    ASSERT_TRUE(client.call(queued).has_accepted());
  }
  start();
  TestClient client(path);
  v1::Request ended = fetch_request(8);
  EXPECT_EQ(client.call(ended).outcome().result(), "ended before");
  v1::Request queued = fetch_request(9, false);
  EXPECT_TRUE(client.call(queued).has_accepted());
  v1::Request fresh = submit_request("echo", "new", 10, false);
  EXPECT_TRUE(client.call(fresh).has_accepted());
  daemon->pool.working = true;
  v1::Request wait = fetch_request(9);
  EXPECT_EQ(client.call(wait).outcome().result(), "queued before");
  v1::Request wait_fresh = fetch_request(10);
  EXPECT_EQ(client.call(wait_fresh).outcome().result(), "new");
}

TEST_F(ControlTest, ASuccessorKeepsNoSessionForOutcomesThatWereRead) {
  for (std::uint64_t life = 1; life <= 4; ++life) {
    start();
    TestClient client(path);
    v1::Request job = submit_request("echo", "x", life);
    EXPECT_TRUE(client.call(job).has_outcome());
    ask_something(client);
    EXPECT_TRUE(eventually([&] { return daemon->holding == 3; })) << "of this life's session";
    v1::Request fetch = fetch_request(life);
    EXPECT_EQ(client.call(fetch).outcome().result(), "x") << "this supervisor still has it";
    ask_something(client);
  }
  start();
  EXPECT_TRUE(eventually([&] { return daemon->holding == 0; }));
}

TEST_F(ControlTest, ASuccessorKeepsOutcomesThatWereGivenAndNotRead) {
  start();
  {
    TestClient client(path);
    v1::Request job = submit_request("echo", "x", 1);
    client.send(job);
    pollfd answered{client.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&answered, 1, 30'000), 1);
  }  // closed with the outcome unread
  TestClient other(path);
  ask_something(other);
  start();
  TestClient client(path);
  v1::Request fetch = fetch_request(1);
  EXPECT_EQ(client.call(fetch).outcome().result(), "x");
  EXPECT_EQ(daemon->holding, 3U);
  ask_something(client);
  EXPECT_TRUE(eventually([&] { return daemon->holding == 0; })) << "read, it keeps the predecessor's session no longer";
}

}  // namespace
}  // namespace ringmaster::testing
