#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "tests/integration/control/control_fixture.h"

namespace ringmaster::testing {
namespace {

class HangUp : public ControlTest {
 protected:
  /// Until the daemon counts so many connections.
  static bool connections_become(TestClient& observer, std::uint32_t wanted) {
    return eventually([&] {
      v1::Request request;
      request.mutable_get_status();
      return observer.call(request).status().connections() == wanted;
    });
  }
};

TEST_F(HangUp, AHalfClosedClientGetsItsAnswersAndThenTheEnd) {
  start();
  daemon->pool.working = false;
  TestClient client(path);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    v1::Request request = submit_request("echo", std::to_string(i), i);
    client.send(request);
  }
  ASSERT_EQ(::shutdown(client.fd(), SHUT_WR), 0);
  daemon->pool.working = true;
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->outcome().kind(), v1::OUTCOME_DONE);
  }
  EXPECT_FALSE(client.receive());
  TestClient observer(path);
  EXPECT_TRUE(connections_become(observer, 1));
}

TEST_F(HangUp, AHalfClosedClientThatOwesNothingIsClosed) {
  start();
  TestClient client(path);
  ASSERT_EQ(::shutdown(client.fd(), SHUT_WR), 0);
  EXPECT_FALSE(client.receive());
}

TEST_F(HangUp, AClientThatDiesWhileItsJobRunsGivesItsConnectionBack) {
  limits.connections_per_uid = 2;
  start();
  daemon->pool.working = false;
  TestClient observer(path);
  std::uint64_t cookie = 0;
  for (const bool half_closed_first : {true, false}) {
    {
      TestClient doomed(path);
      v1::Request request = submit_request("echo", "x", ++cookie);
      doomed.send(request);
      EXPECT_TRUE(eventually([&] {
        v1::Request fetch = fetch_request(cookie, false);
        return observer.call(fetch).has_accepted();
      }));
      if (half_closed_first) ::shutdown(doomed.fd(), SHUT_WR);
    }
    EXPECT_TRUE(connections_become(observer, 1)) << half_closed_first;
  }
  TestClient next(path);
  v1::Request status;
  status.mutable_get_status();
  EXPECT_TRUE(next.call(status).has_status());
}

TEST_F(HangUp, NoOutcomeGoesOutBehindTheLastWord) {
  start();
  daemon->pool.holding = true;
  TestClient client(path);
  TestClient observer(path);
  // More than the kernel takes, so that the last word waits in the daemon.
  for (std::uint64_t i = 1; i <= 2; ++i) {
    v1::Request large = submit_request("echo", std::string(180'000, 'x'), i);
    client.send(large);
    v1::Request fetch = fetch_request(i);
    ASSERT_TRUE(observer.call(fetch).has_outcome());
  }
  v1::Request held = submit_request("echo", "hold", 3);
  client.send(held);
  ASSERT_TRUE(eventually([&] {
    v1::Request fetch = fetch_request(3, false);
    return observer.call(fetch).has_accepted();
  }));
  client.send_raw(std::string(4, '\0'));
  ASSERT_TRUE(eventually([&] {
    int on_its_way = 0;
    return ::ioctl(client.fd(), SIOCOUTQ, &on_its_way) == 0 && on_its_way == 0;
  }));
  daemon->pool.holding = false;
  v1::Request fetch = fetch_request(3);
  EXPECT_EQ(observer.call(fetch).outcome().result(), "hold");
  bool last_word = false;
  while (const auto reply = client.receive()) {
    EXPECT_FALSE(last_word) << "a reply to request " << reply->id() << " came behind it";
    last_word = last_word || reply->id() == 0;
  }
}

}  // namespace
}  // namespace ringmaster::testing
