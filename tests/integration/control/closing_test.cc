#include <fcntl.h>
#include <poll.h>

#include <array>
#include <thread>

#include "daemon/loop/closer.h"
#include "tests/integration/control/control_fixture.h"
#include "tests/testing/send_along.h"
#include "tests/testing/slow_close.h"

// What a client can make slow to close holds the supervisor up in nothing: where the kernel keeps descriptors from
// coming (SO_PASSRIGHTS), and where it cannot.
namespace ringmaster::testing {
namespace {

v1::Request status_request() {
  v1::Request request;
  request.mutable_get_status();
  return request;
}

std::string status_frame(std::uint64_t id) {
  v1::Request request = status_request();
  request.set_id(id);
  return wire::make_frame(request.SerializeAsString());
}

v1::Request hello_request() {
  v1::Request request;
  request.mutable_hello()->set_version_min(1);
  request.mutable_hello()->set_version_max(1);
  return request;
}

/// What is to be closed by the supervisor is sent before it serves, so that the test's own copy is closed first.
class ClosingTest : public ControlTest {
 protected:
  ClosingTest() { control.descriptors_may_come = true; }
  void expect_service() const {
    TestClient other(path);
    v1::Request status = status_request();
    EXPECT_TRUE(other.call(status).has_status());
  }
};

TEST_F(ControlTest, WhoSendsDescriptorsIsToldThatTheyAreNotTaken) {
  start();
  TestClient client(path);
  const int zero = 0;
  const int error = send_along(client.fd(), status_frame(7), {&zero, 1});
  if (error == 0) GTEST_SKIP() << "needs SO_PASSRIGHTS, Linux 6.16";
  EXPECT_EQ(error, EPERM);
  v1::Request status = status_request();
  EXPECT_TRUE(client.call(status).has_status()) << "the connection goes on";
}

TEST_F(ClosingTest, ADescriptorThatLingersIsClosedByWhoMayWait) {
  LingeringSocket lingering;
  TestClient client(path, false);
  v1::Request hello = hello_request();
  client.send(hello);
  const int fd = lingering.fd.get();
  ASSERT_EQ(send_along(client.fd(), status_frame(7), {&fd, 1}), 0);
  lingering.fd.reset();
  start();
  EXPECT_TRUE(client.receive()->has_hello());
  EXPECT_TRUE(client.receive()->has_status()) << "the request counts";
  expect_service();
}

TEST_F(ClosingTest, WhatLingersInTheQueueOfAnEndedConnectionIsClosedByWhoMayWait) {
  TestClient client(path, false);
  client.send_raw(std::string(70'000, '\0'));  // a breach, and more than is read at once: nothing is read after it
  LingeringSocket lingering;
  const int fd = lingering.fd.get();
  ASSERT_EQ(send_along(client.fd(), status_frame(7), {&fd, 1}), 0);
  lingering.fd.reset();
  start();
  EXPECT_EQ(client.receive()->error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_FALSE(client.receive());
  expect_service();
  TestClient other(path);
  v1::Request status = status_request();
  EXPECT_TRUE(eventually([&] { return other.call(status).status().connections() == 1; }))
      << "its place is given back when it is closed";
}

TEST_F(ClosingTest, WhatLingersInTheQueueOfOneWhoIsTurnedAwayIsClosedByWhoMayWait) {
  limits.connections_per_uid = 1;
  TestClient client(path, false);
  v1::Request hello = hello_request();
  client.send(hello);
  std::vector<std::unique_ptr<TestClient>> kept;  // those that an administrator may have beyond the limit
  for (std::uint64_t i = 0; i < core::kKeptConnections; ++i) kept.push_back(std::make_unique<TestClient>(path, false));
  std::vector<std::unique_ptr<TestClient>> refused;
  std::vector<UniqueFd> peers;
  for (int i = 0; i < 4; ++i) {
    LingeringSocket lingering;
    const int fd = lingering.fd.get();
    refused.push_back(std::make_unique<TestClient>(path, false));
    ASSERT_EQ(send_along(refused.back()->fd(), status_frame(1), {&fd, 1}), 0);
    lingering.fd.reset();
    peers.push_back(std::move(lingering.peer));
  }
  start();
  EXPECT_TRUE(client.receive()->has_hello());
  for (const auto& one : refused) EXPECT_EQ(one->receive()->error().code(), v1::ERROR_BUSY);
  v1::Request status = status_request();
  EXPECT_TRUE(client.call(status).has_status());
}

// A read passes urgent bytes over, and the kernel drops them in the reading thread, with what they carry.
TEST_F(ClosingTest, WhatLingersBesideUrgentBytesIsClosedByWhoMayWait) {
  LingeringSocket lingering;
  TestClient client(path, false);
  v1::Request hello = hello_request();
  client.send(hello);
  const int fd = lingering.fd.get();
  (void)send_along(client.fd(), "x", {&fd, 1}, MSG_OOB);  // where the kernel has no such bytes, nothing is sent
  lingering.fd.reset();
  start();
  EXPECT_TRUE(client.receive()->has_hello());
  expect_service();
}

TEST_F(ClosingTest, MoreDescriptorsAtOnceThanAnyoneNeedsEndTheConnection) {
  start();
  TestClient client(path);
  const std::vector<int> many(253, 0);
  ASSERT_EQ(send_along(client.fd(), status_frame(7), many), 0);
  EXPECT_EQ(client.receive()->error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_FALSE(client.receive());
}

TEST_F(ClosingTest, WhoseClosesAreStuckMayBringNoMoreAndStopsNobody) {
  std::array<DrawnOutWrite, 2> writes;  // as many as one uid has threads
  std::vector<UniqueFd> write_ends;
  TestClient client(path, false);
  v1::Request hello = hello_request();
  client.send(hello);
  for (DrawnOutWrite& write : writes) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    write_ends.emplace_back(ends[1]);
    if (!write.begin(ends[1])) GTEST_SKIP() << "needs userfaultfd, which is root's";
    ASSERT_EQ(send_along(client.fd(), status_frame(1), {&ends[0], 1}), 0);
  }
  start();
  EXPECT_TRUE(client.receive()->has_hello());
  EXPECT_TRUE(client.receive()->has_status());
  EXPECT_TRUE(client.receive()->has_status());
  bool ended = false;
  const std::vector<int> eight(8, 0);
  for (int message = 0; !ended && message < 1000; ++message) {
    if (send_along(client.fd(), status_frame(2), eight) != 0) break;
    const auto reply = client.receive();
    ended = !reply || reply->id() == 0;
  }
  EXPECT_TRUE(ended) << "1000 messages with 8 descriptors each";
  expect_service();
  for (DrawnOutWrite& write : writes) write.end();
}

TEST_F(ControlTest, AClientThatHoldsTheLockOfItsMemoryKeepsOnlyItselfFromASession) {
  start();
  TestClient client(path);
  v1::Request open;
  open.mutable_open_session()->set_pool("default");
  const auto told = client.call(open).session_fds();
  DrawnOutWrite write;
  if (!write.begin(client.fds.at(0).get())) GTEST_SKIP() << "needs userfaultfd, which is root's";
  v1::Request mapped;
  mapped.mutable_session_mapped()->set_serial(told.serial());
  client.send(mapped);
  TestClient other(path);
  v1::Request status = status_request();
  EXPECT_TRUE(other.call(status).has_status());
  write.end();
  EXPECT_TRUE(client.receive()->has_session_ready());
}

TEST(Closer, ClosesInOrderAndCallsBackOnTheLoop) {
  boost::asio::io_context context;
  daemon::EventLoop loop(context);
  const auto work = boost::asio::make_work_guard(context);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  bool closed = false;
  loop.closer().close(daemon::Closer::Account::of_uid(7), UniqueFd(ends[1]), [&] {
    pollfd look{read_end.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&look, 1, 0), 1);
    EXPECT_NE(look.revents & POLLHUP, 0);
    closed = true;
  });
  while (!closed) context.run_one();
}

TEST(Closer, OnesStuckErrandsLeaveTheOthersGoing) {
  boost::asio::io_context context;
  daemon::EventLoop loop(context);
  const auto work = boost::asio::make_work_guard(context);
  std::atomic<bool> go = false;
  unsigned done = 0;
  for (int i = 0; i < 40; ++i) {
    loop.closer().run(
        daemon::Closer::Account::of_uid(1),
        [&go] {
          while (!go) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        },
        [&done] { ++done; });
  }
  for (std::uint32_t uid = 2; uid < 50; ++uid) {
    bool called = false;
    loop.closer().run(
        daemon::Closer::Account::of_uid(uid), [] {}, [&called] { called = true; });
    while (!called) context.run_one();
  }
  EXPECT_EQ(done, 0U);
  go = true;
  while (done != 40) context.run_one();
}

}  // namespace
}  // namespace ringmaster::testing
