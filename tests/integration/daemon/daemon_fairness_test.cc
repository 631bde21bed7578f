#include <unistd.h>

#include <vector>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// One uid asks for much, another for little.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonFairness : public DaemonTest {
 protected:
  v1::Status status(client::ControlLink& link) {
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    if (!answer) throw std::runtime_error(answer.error().message);
    return answer->reply.status();
  }
  /// Waits until the other uid has `queued` jobs, then acts as told.
  [[nodiscard]] pid_t light_user(std::uint64_t queued, const std::function<bool()>& act) {
    return as_another_uid([this, queued, act] {
      client::ControlLink link(socket_, "light", kPatience);
      eventually("much is queued", [&] { return status(link).pools(0).queued() >= queued; });
      return act() ? 0 : 1;
    });
  }
};

TEST_F(DaemonFairness, AJobDoesNotWaitForAllThatAnotherUidHasQueuedInManySessions) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  start("run_timeout = \"60s\"\n");
  const pid_t light = light_user(100, [this] {
    Session session = open();
    return run(session, "echo").ok();
  });
  std::vector<Session> sessions;
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 8; ++i) sessions.push_back(open());
  for (int i = 0; i < 240; ++i) {
    jobs.push_back(sessions[static_cast<std::size_t>(i % 8)].submit("sleep", Request{}, {{"ms", "300"}}).value());
  }
  EXPECT_EQ(code_of(light), 0);
  client::ControlLink link(socket_, "test", kPatience);
  EXPECT_GT(status(link).pools(0).queued(), 40U) << "it came before what was queued before it";
}

TEST_F(DaemonFairness, AMessageDoesNotWaitForAllMessagesOfAnotherUid) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  start("run_timeout = \"60s\"\n");
  const pid_t light = light_user(100, [this] {
    ConnectOptions options;
    options.socket = socket_;
    auto client = Client::connect(options);
    const auto outcome = client->run("t", "echo", {});
    return outcome && outcome->ok();
  });
  client::ControlLink link(socket_, "test", kPatience);
  for (std::uint64_t i = 1; i <= 240; ++i) {
    v1::Request request;
    v1::Submit& submit = *request.mutable_submit();
    submit.set_pool("t");
    submit.set_handler("sleep");
    v1::Argument& ms = *submit.add_arguments();
    ms.set_key("ms");
    ms.set_value("300");
    submit.set_cookie_low(i);
    const auto answer = client::ask_for(link, request, v1::Reply::kAccepted);
    ASSERT_TRUE(answer) << answer.error().message;
  }
  EXPECT_EQ(code_of(light), 0);
  const v1::Status now = status(link);
  EXPECT_GT(now.pools(0).queued(), 40U) << "it came before what was queued before it";
  for (const v1::SessionStatus& one : now.sessions()) EXPECT_TRUE(one.internal());
  EXPECT_EQ(now.sessions_size(), 2) << "each uid has a session of the daemon's own";
}

}  // namespace
}  // namespace ringmaster
