#include "daemon/core/daemon/request_turns.h"
#include "proto/control_convert.h"
#include "tests/integration/control/control_fixture.h"
#include "tests/testing/as_user.h"
#include "tests/testing/thread_of_user.h"

// What one client can do to others by asking for much, or by reading nothing.
namespace ringmaster::testing {
namespace {

/// Answers at once, and remembers whose turn it was.
class RecordingDesk final : public daemon::RequestDesk {
 public:
  void handle(const daemon::Peer& peer, v1::Request request, daemon::Responder respond) override {
    {
      const std::lock_guard lock(mutex_);
      uids_.push_back(peer.uid);
    }
    v1::Reply reply;
    if (request.has_hello()) {
      reply.mutable_hello()->set_version(1);
    } else {
      reply.mutable_error()->set_message(std::string(100, 'x'));
    }
    respond(std::move(reply), {});
  }
  void all_read(std::uint64_t) override {}
  void connection_closed(std::uint64_t) override {}
  [[nodiscard]] std::vector<std::uint32_t> uids() const {
    const std::lock_guard lock(mutex_);
    return uids_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint32_t> uids_;
};

std::string hello_frame() {
  v1::Request hello;
  hello.set_id(1);
  hello.mutable_hello()->set_version_min(1);
  hello.mutable_hello()->set_version_max(1);
  return wire::make_frame(hello.SerializeAsString());
}

std::string requests(std::uint64_t count) {
  std::string frames;
  for (std::uint64_t i = 0; i < count; ++i) {
    v1::Request request;
    request.set_id(i + 2);
    request.mutable_get_health();
    frames += wire::make_frame(request.SerializeAsString());
  }
  return frames;
}

class Flood : public ControlTest {
 protected:
  ~Flood() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Nothing is accepted or answered before run().
  void listen() {
    loop_.emplace(context_);
    quota_.emplace(limits);
    server_.emplace(*loop_, UniqueFd(::dup(listener())), config_, *quota_, desk, control);
  }
  void run() {
    thread_ = std::thread([this] { context_.run(); });
  }

  RecordingDesk desk;

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<daemon::EventLoop> loop_;
  config::DaemonConfig config_;
  std::optional<core::QuotaBook> quota_;
  std::optional<daemon::ControlServer> server_;
  std::thread thread_;
};

TEST_F(Flood, AnotherUsersFirstAnswerComesBetweenTheRequestsOfAStorm) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user's requests need root";
  open_to_all();
  listen();
  constexpr std::uint64_t kEach = 500;
  std::vector<std::unique_ptr<TestClient>> storm;
  for (int i = 0; i < 20; ++i) {
    storm.push_back(std::make_unique<TestClient>(path, false));
    storm.back()->send_raw(hello_frame() + requests(kEach));
  }
  std::optional<TestClient> other;
  in_thread_of_user(kNobody, [&] { other.emplace(path, false); });
  ASSERT_TRUE(other.has_value());
  other->send_raw(hello_frame() + requests(1));
  run();
  ASSERT_TRUE(other->receive().has_value());
  ASSERT_TRUE(other->receive().has_value());
  for (const auto& one : storm) {
    for (std::uint64_t i = 0; i <= kEach; ++i) ASSERT_TRUE(one->receive().has_value()) << i;
  }
  const auto order = desk.uids();
  const auto first = std::find(order.begin(), order.end(), kNobody);
  ASSERT_NE(first, order.end());
  // The twenty were there before; a few turns at most go to one uid before the other's.
  EXPECT_LE(first - order.begin(), 4 * core::TurnBudget::kRequests);
}

TEST_F(Flood, WhoReadsNothingIsNotReadAndIsNotCutOff) {
  control.traffic.unread_per_connection = core::kib(16);
  control.half_frame_timeout = std::chrono::milliseconds{50};
  listen();
  run();
  constexpr std::uint64_t kMany = 100'000;
  TestClient deaf(path);
  std::thread writer([&] { deaf.send_raw(requests(kMany)); });
  TestClient other(path);
  v1::Request request;
  request.mutable_get_health();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(other.call(request).has_error());
  std::this_thread::sleep_for(4 * control.half_frame_timeout);
  EXPECT_LT(desk.uids().size(), kMany / 4) << "what it has asked lies in the kernel";
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const auto reply = deaf.receive();
    ASSERT_TRUE(reply.has_value()) << i;
    ASSERT_EQ(reply->id(), i + 2);
  }
  writer.join();
}

TEST_F(Flood, OnceAUidHasLeftTooMuchOnlyWhoReadsIsServed) {
  control.traffic.unread_per_uid = core::kib(64);
  control.traffic.unread_per_connection = core::kib(16);
  listen();
  run();
  constexpr std::uint64_t kMany = 20'000;
  std::vector<std::unique_ptr<TestClient>> deaf;
  std::vector<std::thread> writers;
  for (int i = 0; i < 10; ++i) {
    deaf.push_back(std::make_unique<TestClient>(path));
    writers.emplace_back([one = deaf.back().get()] { one->send_raw(requests(kMany)); });
  }
  TestClient reader(path);
  v1::Request request;
  request.mutable_get_health();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(reader.call(request).has_error()) << i;
  for (auto& one : deaf) ::shutdown(one->fd(), SHUT_RDWR);
  for (std::thread& writer : writers) writer.join();
  deaf.clear();
  EXPECT_TRUE(reader.call(request).has_error());
}

TEST_F(Flood, HalfRequestsOfAUidDoNotAddUp) {
  control.traffic.large_requests_per_uid = core::mib(1);
  control.half_frame_timeout = std::chrono::milliseconds{300};
  start();
  const std::string payload(std::size_t{1} << 20, 'x');
  v1::Request submit = submit_request("echo", payload, 1);
  submit.set_id(2);
  const std::string whole = wire::make_frame(submit.SerializeAsString());
  // Those that send no more make way when their time is over; those that wait for them have none of it counted.
  std::vector<std::unique_ptr<TestClient>> halves;
  for (int i = 0; i < 3; ++i) {
    halves.push_back(std::make_unique<TestClient>(path));
    halves.back()->send_raw(whole.substr(0, 150'000));
  }
  TestClient client(path);
  v1::Request mine = submit_request("echo", payload, 2);
  EXPECT_EQ(client.call(mine).outcome().result(), payload);
  for (const auto& half : halves) {
    const auto last = half->receive();
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->error().code(), v1::ERROR_BAD_REQUEST);
  }
}

TEST_F(Flood, HalfARequestBeforeAHalfCloseIsOffTheAccount) {
  control.traffic.large_requests_per_uid = core::mib(1);
  start();
  daemon->pool.holding = true;
  // Its connection stays for the answer; the rest of its second request can never come.
  TestClient half_closed(path);
  v1::Request held = submit_request("echo", "hold", 1);
  half_closed.send(held);
  const std::string payload(std::size_t{1} << 20, 'x');
  v1::Request large = submit_request("echo", payload, 2);
  large.set_id(3);
  half_closed.send_raw(wire::make_frame(large.SerializeAsString()).substr(0, 150'000));
  ASSERT_EQ(::shutdown(half_closed.fd(), SHUT_WR), 0);
  TestClient client(path);
  v1::Request mine = submit_request("echo", payload, 4);
  EXPECT_EQ(client.call(mine).outcome().result(), payload);
  daemon->pool.holding = false;
  EXPECT_EQ(half_closed.receive()->outcome().result(), "hold");
}

TEST_F(Flood, ARequestOfAMillionArgumentsEndsItsConnectionWithASentence) {
  listen();
  run();
  TestClient client(path);
  v1::Request request;
  request.set_id(2);
  std::string body = request.SerializeAsString();
  for (int i = 0; i < 500'000; ++i) body += std::string("\x3a\x02\x1a\x00", 4);  // each a submit with one argument
  client.send_raw(wire::make_frame(body));
  const auto reply = client.receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_NE(reply->error().message().find("at most 64 arguments"), std::string::npos) << reply->error().message();
  EXPECT_FALSE(client.receive());
  TestClient other(path);
  v1::Request health;
  health.mutable_get_health();
  EXPECT_TRUE(other.call(health).has_error());
}

TEST_F(Flood, RequestsOfAUidThatNobodyHasAnsweredAreLimited) {
  control.traffic.unanswered_per_uid = 10;
  limits.socket_jobs_per_uid = 100;
  start();
  daemon->pool.working = false;
  const auto submit_five = [&](TestClient& client, std::uint64_t first) {
    for (std::uint64_t i = 0; i < 5; ++i) {
      v1::Request request = submit_request("echo", "x", first + i);
      client.send(request);
    }
    v1::Request behind = fetch_request(first, false);
    return client.call(behind);
  };
  TestClient one(path);
  TestClient two(path);
  EXPECT_TRUE(submit_five(one, 1).has_accepted());
  const v1::Error refused = submit_five(two, 11).error();
  EXPECT_EQ(refused.code(), v1::ERROR_BUSY);
  EXPECT_NE(refused.message().find("10 requests of uid"), std::string::npos) << refused.message();
  daemon->pool.working = true;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(two.receive()->has_outcome());
}

TEST_F(Flood, AnAdministratorFindsRoomWhenOthersHaveAllConnections) {
  limits.connections = 8;
  start();
  std::vector<std::unique_ptr<TestClient>> all;
  for (int i = 0; i < 7; ++i) all.push_back(std::make_unique<TestClient>(path));
  v1::Request hello;
  hello.mutable_hello()->set_version_min(1);
  hello.mutable_hello()->set_version_max(1);
  TestClient eighth(path, false);
  const v1::Reply refused = eighth.call(hello);
  EXPECT_EQ(refused.error().code(), v1::ERROR_BUSY);
  EXPECT_NE(refused.error().message().find("fewer than 4"), std::string::npos) << refused.error().message();
  hello.mutable_hello()->set_administers(true);
  TestClient admin(path, false);
  EXPECT_TRUE(admin.call(hello).has_hello());
  v1::Request stop;
  stop.mutable_stop();
  EXPECT_TRUE(admin.call(stop).has_done());
  EXPECT_TRUE(eventually([&] { return daemon->stopped.load(); }));
}

}  // namespace
}  // namespace ringmaster::testing
