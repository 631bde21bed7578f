#include <sys/ioctl.h>

#include "daemon/jobs/job_waiters.h"
#include "tests/integration/control/control_fixture.h"
#include "tests/testing/as_user.h"
#include "tests/testing/thread_of_user.h"

// Who waits for jobs that came as messages, whose they are, and what a successor knows of them.
namespace ringmaster::testing {
namespace {

class MessageWaiters : public ControlTest {
 protected:
  /// Its answer comes, and is left in the socket.
  static bool arrives_unread(TestClient& client, v1::Request& request) {
    const auto unread = [&] {
      int bytes = 0;
      return ::ioctl(client.fd(), FIONREAD, &bytes) == 0 ? bytes : 0;
    };
    const int before = unread();
    client.send(request);
    return eventually([&] { return unread() > before; });
  }
  /// Until the daemon counts no other connection.
  static bool is_alone(TestClient& client) {
    return eventually([&] {
      v1::Request request;
      request.mutable_get_status();
      return client.call(request).status().connections() == 1;
    });
  }
  /// The code and the sentence, without the numbers in it.
  static std::string refusal_of(const v1::Reply& reply) {
    std::string text = std::to_string(reply.error().code()) + " ";
    for (const char c : reply.error().message()) {
      if (c < '0' || c > '9') text += c;
    }
    return text;
  }
};

TEST_F(MessageWaiters, OfClosedConnectionsAreDropped) {
  start();
  daemon->pool.working = false;
  TestClient owner(path);
  v1::Request submit = submit_request("echo", "x", 1, false);
  ASSERT_TRUE(owner.call(submit).has_accepted());
  for (int round = 0; round < 3; ++round) {
    TestClient waiting(path);
    for (std::size_t i = 0; i < daemon::JobWaiters::kMostPerJob; ++i) {
      v1::Request fetch = fetch_request(1);
      waiting.send(fetch);
    }
    v1::Request one_more = fetch_request(1);
    waiting.send(one_more);
    const auto refused = waiting.receive();
    ASSERT_TRUE(refused.has_value()) << round;
    EXPECT_EQ(refused->error().code(), v1::ERROR_BUSY) << round;
    EXPECT_NE(refused->error().message().find("fetch it without wait"), std::string::npos)
        << refused->error().message();
  }
  EXPECT_TRUE(eventually([&] {
    v1::Request status;
    status.mutable_get_status();
    return owner.call(status).status().connections() == 1;
  }));
  v1::Request fetch = fetch_request(1);
  owner.send(fetch);
  daemon->pool.working = true;
  EXPECT_EQ(owner.receive()->outcome().result(), "x");
}

TEST_F(MessageWaiters, EachGetsTheOutcomeHoweverLittleItsConnectionHolds) {
  control.traffic.unread_per_connection = core::kib(1);
  start();
  daemon->pool.working = false;
  TestClient client(path);
  const std::string payload(std::size_t{1} << 20, 'x');
  v1::Request submit = submit_request("echo", payload, 1, false);
  ASSERT_TRUE(client.call(submit).has_accepted());
  for (std::size_t i = 0; i < daemon::JobWaiters::kMostPerJob; ++i) {
    v1::Request fetch = fetch_request(1);
    client.send(fetch);
  }
  // Whatever they cost, another is served in between.
  daemon->pool.working = true;
  TestClient other(path);
  v1::Request status;
  status.mutable_get_status();
  EXPECT_TRUE(other.call(status).has_status());
  for (std::size_t i = 0; i < daemon::JobWaiters::kMostPerJob; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply.has_value()) << i;
    ASSERT_EQ(reply->outcome().result().size(), payload.size()) << i;
  }
}

TEST_F(MessageWaiters, ASuccessorChargesOnlyWhatNobodyHasBeenGiven) {
  limits.socket_jobs_per_uid = 3;
  start();
  // Both outlive the supervisors that they ask: what is lost with a client's connection nobody has been given.
  TestClient given(path);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    v1::Request request = submit_request("echo", std::to_string(i), i);
    EXPECT_TRUE(arrives_unread(given, request)) << i;
  }
  {
    TestClient client(path);
    for (std::uint64_t i = 6; i <= 7; ++i) {
      v1::Request request = submit_request("echo", std::to_string(i), i, false);
      ASSERT_TRUE(client.call(request).has_accepted()) << i;
    }
  }
  start();
  std::optional<TestClient> client(path);
  v1::Request third = submit_request("echo", "8", 8, false);
  EXPECT_TRUE(client->call(third).has_accepted()) << "five of the seven were given to somebody";
  v1::Request fourth = submit_request("echo", "9", 9, false);
  const v1::Error refused = client->call(fourth).error();
  EXPECT_EQ(refused.code(), v1::ERROR_QUOTA);
  EXPECT_NE(refused.message().find("fetch their outcomes first"), std::string::npos) << refused.message();
  v1::Request first = fetch_request(1);
  EXPECT_EQ(client->call(first).outcome().result(), "1") << "they are kept all the same: nobody has read them";
  for (std::uint64_t i = 6; i <= 7; ++i) {
    v1::Request fetch = fetch_request(i);
    EXPECT_TRUE(arrives_unread(*client, fetch)) << i;
  }
  // What the second supervisor gave of the first one's the third knows too.
  start();
  client.emplace(path);
  for (std::uint64_t i = 9; i <= 10; ++i) {
    v1::Request request = submit_request("echo", "x", i, false);
    EXPECT_TRUE(client->call(request).has_accepted()) << i;
  }
}

TEST_F(MessageWaiters, AnOutcomeThatWasLostUnreadMakesNoRoom) {
  start();
  {
    TestClient lost(path);
    v1::Request request = submit_request("echo", "kept", 1);
    ASSERT_TRUE(arrives_unread(lost, request));
  }
  TestClient client(path);
  ASSERT_TRUE(is_alone(client));
  // More than there are slots.
  for (std::uint64_t i = 2; i <= 1100; ++i) {
    v1::Request request = submit_request("echo", "x", i);
    ASSERT_EQ(client.call(request).outcome().kind(), v1::OUTCOME_DONE) << i;
  }
  v1::Request fetch = fetch_request(1);
  const v1::Reply reply = client.call(fetch);
  EXPECT_EQ(reply.outcome().result(), "kept") << reply.error().message();
}

TEST_F(MessageWaiters, WhatWasLostUnreadIsOnItsUidsAccountAgain) {
  limits.socket_jobs_per_uid = 2;
  start();
  {
    TestClient lost(path);
    for (std::uint64_t i = 1; i <= 3; ++i) {
      v1::Request request = submit_request("echo", std::to_string(i), i);
      ASSERT_TRUE(arrives_unread(lost, request)) << i;
    }
  }
  TestClient client(path);
  ASSERT_TRUE(is_alone(client));
  v1::Request next = submit_request("echo", "x", 4, false);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    EXPECT_EQ(client.call(next).error().code(), v1::ERROR_QUOTA) << "three count, though there may be two";
    v1::Request fetch = fetch_request(i);
    EXPECT_EQ(client.call(fetch).outcome().result(), std::to_string(i));
  }
  EXPECT_TRUE(client.call(next).has_accepted());
}

TEST_F(MessageWaiters, WhatAHalfClosedClientHasReadIsNotLostWithIt) {
  limits.socket_jobs_per_uid = 2;
  start();
  daemon->pool.working = false;
  daemon->pool.holding = true;
  TestClient observer(path);
  {
    TestClient client(path);
    v1::Request read = submit_request("echo", "read", 1);
    client.send(read);
    v1::Request held = submit_request("echo", "hold", 2);
    client.send(held);
    ASSERT_TRUE(eventually([&] {
      v1::Request fetch = fetch_request(2, false);
      return observer.call(fetch).has_accepted();
    }));
    ASSERT_EQ(::shutdown(client.fd(), SHUT_WR), 0);
    v1::Request status;
    status.mutable_get_status();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(observer.call(status).has_status());  // its end has been seen
    daemon->pool.working = true;
    ASSERT_EQ(client.receive()->outcome().result(), "read");
  }
  ASSERT_TRUE(is_alone(observer));
  v1::Request next = submit_request("echo", "x", 3, false);
  EXPECT_TRUE(observer.call(next).has_accepted()) << "only the one that runs counts";
  daemon->pool.holding = false;
}

TEST_F(MessageWaiters, TheLastAnswerOfAHalfClosedClientIsSeenToBeRead) {
  limits.socket_jobs_per_uid = 1;
  start();
  TestClient observer(path);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    TestClient client(path);
    v1::Request request = submit_request("echo", std::to_string(i), i);
    client.send(request);
    ASSERT_EQ(::shutdown(client.fd(), SHUT_WR), 0);
    const auto reply = client.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->outcome().result(), std::to_string(i)) << reply->error().message();
    EXPECT_FALSE(client.receive()) << "the end";
    EXPECT_TRUE(is_alone(observer)) << "without waiting for the client's close";
  }
  {
    TestClient deaf(path);
    v1::Request request = submit_request("echo", "3", 3);
    ASSERT_TRUE(arrives_unread(deaf, request));
    ASSERT_EQ(::shutdown(deaf.fd(), SHUT_WR), 0);
    EXPECT_TRUE(is_alone(observer)) << "nor for ever";
  }
  v1::Request next = submit_request("echo", "x", 4, false);
  EXPECT_EQ(observer.call(next).error().code(), v1::ERROR_QUOTA) << "nobody has read the third";
}

TEST_F(MessageWaiters, ThereIsOneAnswerForNotYoursAndNotThere) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user's requests need root";
  open_to_all();
  start();
  daemon->pool.working = false;
  TestClient owner(path);
  v1::Request submit = submit_request("echo", "x", 1, false);
  const std::uint64_t job = owner.call(submit).accepted().job_id();
  v1::Request open;
  open.mutable_open_session()->set_pool("default");
  const v1::SessionFds session = owner.call(open).session_fds();
  ASSERT_NE(session.serial(), 0U);
  v1::Request mapped;
  mapped.mutable_session_mapped()->set_serial(session.serial());
  ASSERT_TRUE(owner.call(mapped).has_session_ready());

  std::optional<TestClient> stranger;
  in_thread_of_user(kNobody, [&] { stranger.emplace(path); });
  ASSERT_TRUE(stranger.has_value());
  const auto ask = [&](v1::Request request) { return refusal_of(stranger->call(request)); };
  const auto cancel = [&](std::uint64_t id) {
    v1::Request request;
    request.mutable_cancel()->set_job_id(id);
    return ask(request);
  };
  const auto fetch = [&](std::uint64_t id) {
    v1::Request request = fetch_request(1, false);
    request.mutable_fetch()->set_job_id(id);
    return ask(request);
  };
  const auto stack = [&](std::uint64_t id) {
    v1::Request request;
    request.mutable_get_stack()->set_job_id(id);
    return ask(request);
  };
  const auto of_session = [&](std::uint32_t serial, auto field) {
    v1::Request request;
    auto& body = *field(request);
    body.set_serial(serial);
    body.set_cookie_high(session.cookie_high());
    body.set_cookie_low(session.cookie_low());
    return ask(request);
  };
  constexpr std::uint64_t kNoJob = std::uint64_t{99} << 32 | 1;
  EXPECT_EQ(cancel(job), cancel(kNoJob));
  EXPECT_EQ(cancel(std::uint64_t{session.serial()} << 32 | 1), cancel(kNoJob));
  EXPECT_EQ(fetch(job), fetch(kNoJob));
  EXPECT_EQ(stack(job), stack(kNoJob));
  const auto resume = [](v1::Request& request) { return request.mutable_resume_session(); };
  const auto close = [](v1::Request& request) { return request.mutable_close_session(); };
  EXPECT_EQ(of_session(session.serial(), resume), of_session(99, resume));
  EXPECT_EQ(of_session(session.serial(), close), of_session(99, close));
  v1::Request their_map;
  their_map.mutable_session_mapped()->set_serial(session.serial());
  v1::Request no_map;
  no_map.mutable_session_mapped()->set_serial(99);
  EXPECT_EQ(ask(their_map), ask(no_map));

  daemon->pool.working = true;
  v1::Request still_there = fetch_request(1);
  EXPECT_EQ(owner.call(still_there).outcome().result(), "x");
}

}  // namespace
}  // namespace ringmaster::testing
