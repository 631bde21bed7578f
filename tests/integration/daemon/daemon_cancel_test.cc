#include "client/control/control_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// What a cancel does to a job that runs, and to its worker.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonCancel : public DaemonTest {
 protected:
  [[nodiscard]] bool one_runs() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, std::move(request), v1::Reply::kStatus);
    return answer && answer->reply.status().pools(0).running() == 1;
  }
  /// Cancels it as soon as it runs; how it ended.
  Outcome cancel_running(PendingJob job) {
    eventually("it runs", [this] { return one_runs(); });
    job.cancel();
    auto outcome = job.wait_for(kPatience);
    if (!outcome) throw std::runtime_error("it did not end");
    return std::move(*outcome);
  }
};

// It says that it listens and does not stop: at the end of its grace its worker is killed.
TEST_F(DaemonCancel, AHandlerThatListensAndDoesNotStopLosesItsWorker) {
  start("run_timeout = \"60s\"\ngrace = \"100ms\"\n");
  Session session = open();
  const Outcome outcome = cancel_running(session.submit("hang-stubborn", Request{}).value());
  EXPECT_EQ(outcome.status(), Status::Cancelled) << outcome.describe();
}

TEST_F(DaemonCancel, AHandlerThatDoesNotListenRunsOnAndKeepsItsWorker) {
  start();
  Session session = open();
  const std::vector<pid_t> before = all_workers();
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = cancel_running(session.submit("sleep-deaf", Request{}, {{"ms", "800"}}).value());
    EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
  }
  EXPECT_EQ(workers(), before);
}

TEST_F(DaemonCancel, AHandlerThatDoesNotListenIsStillHeldToItsDeadline) {
  start("run_timeout = \"1s\"\n");
  Session session = open();
  const Outcome outcome = cancel_running(session.submit("hang-asleep", Request{}).value());
  EXPECT_EQ(outcome.status(), Status::TimedOut) << outcome.describe();
}

}  // namespace
}  // namespace ringmaster
