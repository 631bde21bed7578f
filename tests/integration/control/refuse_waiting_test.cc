#include "daemon/control/refuse_waiting.h"

#include <filesystem>

#include "tests/integration/control/test_client.h"

namespace ringmaster::testing {
namespace {

class RefuseWaiting : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / "ringmaster-refuse-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/d.sock";
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_.get(), 8), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string path_;
  UniqueFd listener_;
};

TEST_F(RefuseWaiting, EveryoneWhoWaitsHearsWhyAndIsCutOff) {
  TestClient silent(path_, false);
  TestClient eager(path_, false);
  v1::Request hello;
  hello.mutable_hello()->set_version_min(1);
  eager.send(hello);  // nobody reads it: the last word must arrive all the same
  EXPECT_EQ(daemon::refuse_waiting(listener_.get(), "no such pool", std::chrono::milliseconds(1)), 2U);
  for (TestClient* const client : {&silent, &eager}) {
    const auto reply = client->receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->id(), 0U);
    EXPECT_EQ(reply->error().message(), "no such pool");
    EXPECT_FALSE(client->receive());
  }
}

TEST_F(RefuseWaiting, WhereNobodyWaitsItDoesNotLinger) {
  EXPECT_EQ(daemon::refuse_waiting(listener_.get(), "no such pool", std::chrono::hours(1)), 0U);
}

}  // namespace
}  // namespace ringmaster::testing
