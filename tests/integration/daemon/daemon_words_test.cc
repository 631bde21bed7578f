#include <future>

#include "client/cli/protobuf_link.h"
#include "client/control/session_opening.h"
#include "client/session/session_core.h"
#include "proto/handler_id.h"
#include "shm/port/doorbell.h"
#include "shm/port/hints.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

// What a hostile client writes into its session's words, and a hostile handler does to a bell.
class DaemonWords : public DaemonTest {
 protected:
  struct Raw {
    explicit Raw(const std::string& socket) : link(socket, "raw", kPatience) {
      core = client::open_session(link, "t", {}, "raw").value();
    }
    void write(std::uint32_t slot, shm::SlotWord word, bool bit) const {
      core->port().reply().word(slot).store(word.bits());
      if (bit) shm::set_hint(core->port().reply().ready(), slot);
    }
    client::ControlLink link;
    std::shared_ptr<client::SessionCore> core;
  };

  void expect_ended(const std::string& reason) {
    eventually("the session ends: " + reason, [&] {
      return log().find("session broken by its client") != std::string::npos && log().find(reason) != std::string::npos;
    });
  }

  [[nodiscard]] std::uint64_t missed_wakes() const {
    client::ControlLink asks(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(asks, request, v1::Reply::kStatus);
    return answer.value().reply.status().pools(0).counters().missed_wakes();
  }

  [[nodiscard]] std::string drain() const {
    client::ControlLink asks(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_drain()->set_pool("t");
    request.mutable_drain()->set_wait(true);
    const auto answer = client::ask_for(asks, request, v1::Reply::kDone);
    return answer ? std::string{} : answer.error().message;
  }
};

TEST_F(DaemonWords, AReadyWordWithoutASeqEndsItsSession) {
  start();
  const Raw raw(socket_);
  raw.write(3, shm::SlotWord::ready(0, 0), true);
  // Nobody rings: whoever is awake, or looks for another reason, comes upon it.
  Session other = open();
  EXPECT_EQ(run(other, "echo", {}, {}, "x").text(), "x");
  expect_ended("a slot word is not what its client may write");
  EXPECT_EQ(run(other, "echo", {}, {}, "on").text(), "on");
}

TEST_F(DaemonWords, NoWorkerIsNeededToFindAWordThatCannotBe) {
  start("run_timeout = \"60s\"\n");
  Session session = open();
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 8; ++i) jobs.push_back(*session.submit("sleep", Request{}, {{"ms", "60000"}}));
  const Raw raw(socket_);
  raw.write(3, shm::SlotWord(0xF0000001), true);
  expect_ended("a slot word is not what its client may write");
  for (PendingJob& job : jobs) job.cancel();
}

TEST_F(DaemonWords, AForgedOwnerDoesNotKeepAPoolFromBeingDrained) {
  start();
  const Raw raw(socket_);
  raw.write(5, shm::SlotWord::owned(77, shm::SlotState::Running, 0, {900, 1}), false);
  EXPECT_EQ(drain(), "");
  EXPECT_NE(log().find("it made a job look as if a worker ran it"), std::string::npos);
}

TEST_F(DaemonWords, AJobThatItsClientTellsNobodyOfDoesNotKeepAPoolFromBeingDrained) {
  start();
  const Raw raw(socket_);
  shm::JobDescriptor& job = raw.core->port().request().descriptor(50);
  job = {};
  job.seq = 9;
  job.handler = wire::handler_id("empty");
  raw.write(50, shm::SlotWord::ready(9, 0), false);
  EXPECT_EQ(drain(), "");
  EXPECT_TRUE(raw.core->port().read(50).is_terminal());
}

TEST_F(DaemonWords, AFullBellHoldsUpNeitherTheSupervisorNorAnotherWorker) {
  start_with("[pool.t]\ncommand = [\"" HOSTILE_WORKER "\"]\nworkers = 2\nspares = 0\nrun_timeout = \"60s\"\n");
  const pid_t supervisor_before = supervisor();
  Session session = open();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(run(session, "fill_bell", {{"die", "true"}}).status(), Status::Crashed);
    EXPECT_EQ(run(session, "fill_bell", {{"die", "false"}}).status(), Status::Done);
    // Several at once: who takes one rings on.
    std::vector<PendingJob> jobs;
    for (int i = 0; i < 16; ++i) jobs.push_back(*session.submit("echo", Request{}));
    for (PendingJob& job : jobs) {
      const auto outcome = job.wait_for(kPatience);
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
    }
  }
  EXPECT_EQ(supervisor(), supervisor_before);
}

// The supervisor calls one worker for a job that came as a message, and that one may be anything.
TEST_F(DaemonWords, AStoppedWorkerHoldsUpNoJobThatTheSupervisorCallsFor) {
  start_with("[pool.t]\ncommand = [\"" HOSTILE_WORKER
             "\"]\nworkers = 2\nspares = 0\nspin = \"0s\"\nrun_timeout = \"60s\"\n");
  eventually("both workers wait", [this] { return count_in(log(), "worker ready") == 2; });
  const pid_t stopped = a_worker();
  ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
  ConnectOptions options;
  options.socket = socket_;
  Client client = Client::connect(options).value();
  for (int i = 0; i < 8; ++i) {
    const auto outcome = client.run("t", "echo", {});
    EXPECT_TRUE(outcome && outcome->ok()) << i;
  }
  EXPECT_EQ(missed_wakes(), 0U) << "found by a time-out";
  ASSERT_EQ(::kill(stopped, SIGCONT), 0);
}

// What its handlers do to it before it is ready: here they leave it no /proc.
TEST_F(DaemonWords, AWorkerThatShutsItselfInWhileItWarmsUpHasABellOfItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to change its root";
  start_with("[pool.t]\ncommand = [\"" HOSTILE_WORKER
             "\", \"--shut-in\"]\nworkers = 2\nspares = 0\nrun_timeout = \"60s\"\n");
  Session session = open();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run(session, "echo", {}, {}, "in").text(), "in");
}

}  // namespace
}  // namespace ringmaster
