#include <random>

#include "tests/integration/control/control_fixture.h"

namespace ringmaster::testing {
namespace {

v1::Request status_request() {
  v1::Request request;
  request.mutable_get_status();
  return request;
}

TEST_F(ControlTest, GreetsAndSaysWhoTheClientIs) {
  start();
  TestClient client(path, false);
  v1::Request request;
  request.mutable_hello()->set_version_min(1);
  request.mutable_hello()->set_version_max(7);
  const v1::Reply reply = client.call(request);
  EXPECT_EQ(reply.hello().version(), 1U);
  EXPECT_EQ(reply.hello().uid(), ::getuid());
  EXPECT_TRUE(reply.hello().admin());
}

TEST_F(ControlTest, RefusesAVersionItDoesNotSpeakAndRequestsBeforeHello) {
  start();
  TestClient newer(path, false);
  v1::Request request;
  request.mutable_hello()->set_version_min(2);
  request.mutable_hello()->set_version_max(3);
  EXPECT_EQ(newer.call(request).error().code(), v1::ERROR_VERSION);
  EXPECT_FALSE(newer.receive());

  TestClient rude(path, false);
  v1::Request status = status_request();
  EXPECT_EQ(rude.call(status).error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_FALSE(rude.receive());
}

TEST_F(ControlTest, AdministrationFindsRoomWhenAllConnectionsAreInUse) {
  limits.connections_per_uid = 2;
  start();
  std::vector<std::unique_ptr<TestClient>> all;
  for (int i = 0; i < 2; ++i) all.push_back(std::make_unique<TestClient>(path));
  v1::Request hello;
  hello.mutable_hello()->set_version_min(1);
  hello.mutable_hello()->set_version_max(1);
  TestClient job(path, false);
  const v1::Reply refused = job.call(hello);
  EXPECT_EQ(refused.error().code(), v1::ERROR_BUSY);
  EXPECT_NE(refused.error().message().find("connections_per_uid"), std::string::npos) << refused.error().message();
  EXPECT_FALSE(job.receive());

  hello.mutable_hello()->set_administers(true);
  TestClient admin(path, false);
  EXPECT_TRUE(admin.call(hello).has_hello());
  v1::Request status = status_request();
  EXPECT_TRUE(admin.call(status).has_status());
}

TEST_F(ControlTest, GarbageEndsItsOwnConnectionOnlyAndSaysWhy) {
  start();
  TestClient good(path);
  const auto last_word = [&](const std::string& bytes) {
    TestClient bad(path);
    bad.send_raw(bytes);
    const auto reply = bad.receive();
    EXPECT_TRUE(reply.has_value());
    EXPECT_EQ(reply->id(), 0U);
    EXPECT_FALSE(bad.receive());
    return reply->error().code();
  };
  EXPECT_EQ(last_word(std::string("\xff\xff\xff\x7f", 4)), v1::ERROR_TOO_LARGE);
  EXPECT_EQ(last_word(std::string(4, '\0')), v1::ERROR_BAD_REQUEST);
  EXPECT_EQ(last_word(wire::make_frame("\xff\xff\xff")), v1::ERROR_BAD_REQUEST);
  EXPECT_EQ(last_word(wire::make_frame(v1::Request{}.SerializeAsString() + std::string("\x08\x00", 2))),
            v1::ERROR_BAD_REQUEST);
  // A hello from a client whose name is no text: the library that reads it must not write to our log by itself.
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(last_word(wire::make_frame("\x08\x05\x12\x03\x1a\x01\xff")), v1::ERROR_BAD_REQUEST);
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("protobuf"), std::string::npos);
  v1::Request status = status_request();
  EXPECT_TRUE(good.call(status).has_status());
}

TEST_F(ControlTest, AClientThatOwesBytesIsGivenUp) {
  control.hello_timeout = control.half_frame_timeout = std::chrono::milliseconds{50};
  start();
  TestClient silent(path, false);
  EXPECT_EQ(silent.receive()->error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_FALSE(silent.receive());
  TestClient half(path);
  half.send_raw(std::string("\x10\x00\x00\x00xy", 6));
  EXPECT_EQ(half.receive()->error().code(), v1::ERROR_BAD_REQUEST);
  EXPECT_FALSE(half.receive());
}

TEST_F(ControlTest, AThousandConnectionsOfOneUserAreRefusedCleanlyAndOthersAreServed) {
  limits.connections_per_uid = 10;
  start();
  TestClient early(path);
  std::vector<std::unique_ptr<TestClient>> crowd;
  unsigned refused = 0;
  for (int i = 0; i < 1000; ++i) {
    auto client = std::make_unique<TestClient>(path, false);
    if (crowd.size() <
        9 + core::kKeptConnections) {  // this user is an administrator, and may yet say that it administers
      crowd.push_back(std::move(client));
      continue;
    }
    const auto reply = client->receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->error().code(), v1::ERROR_BUSY);
    ++refused;
  }
  EXPECT_EQ(refused, 991U - core::kKeptConnections);
  v1::Request status = status_request();
  EXPECT_TRUE(early.call(status).has_status());
  crowd.clear();
  EXPECT_TRUE(eventually([&] {
    v1::Request again = status_request();
    return early.call(again).status().connections() == 1;
  }));
  TestClient late(path);
  v1::Request more = status_request();
  EXPECT_TRUE(late.call(more).has_status());
}

TEST_F(ControlTest, DescriptorsThatComeUnaskedAreClosed) {
  control.descriptors_may_come = true;
  start();
  TestClient client(path);
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  v1::Request request = status_request();
  request.set_id(9);
  const std::string frame = wire::make_frame(request.SerializeAsString());
  const int passed = writer.get();
  ASSERT_TRUE(wire::send_with_fds(client.fd(), std::as_bytes(std::span(frame)), std::span(&passed, 1)));
  EXPECT_EQ(client.receive()->id(), 9U);
  writer.reset();
  char byte = 0;
  EXPECT_TRUE(eventually([&] { return ::read(reader.get(), &byte, 1) == 0; }))
      << "the supervisor still holds the other end";
}

TEST_F(ControlTest, RandomBytesAfterTheHelloNeverEndTheDaemon) {
  start();
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    TestClient client(path);
    std::string body(1 + random() % 40, '\0');
    for (char& c : body) c = static_cast<char>(random());
    client.send_raw(wire::make_frame(body));
  }
  TestClient client(path);
  v1::Request status = status_request();
  EXPECT_TRUE(client.call(status).has_status());
}

TEST_F(ControlTest, StopAndDrainReachTheDaemon) {
  start();
  TestClient client(path);
  v1::Request drain;
  drain.mutable_drain()->set_wait(true);
  EXPECT_TRUE(client.call(drain).has_done());
  v1::Request job = submit_request("echo", "x", 1);
  EXPECT_EQ(client.call(job).error().code(), v1::ERROR_DRAINING);
  v1::Request resume;
  resume.mutable_drain()->set_resume(true);
  EXPECT_TRUE(client.call(resume).has_done());
  EXPECT_EQ(client.call(job).outcome().kind(), v1::OUTCOME_DONE);
  v1::Request stop;
  stop.mutable_stop();
  EXPECT_TRUE(client.call(stop).has_done());
  EXPECT_TRUE(eventually([&] { return daemon->stopped.load(); }));
}

}  // namespace
}  // namespace ringmaster::testing
