#include <signal.h>

#include <algorithm>
#include <future>
#include <stdexcept>

#include "client/cli/protobuf_link.h"
#include "client/control/session_opening.h"
#include "client/session/session_core.h"
#include "proto/handler_id.h"
#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

class DaemonDrain : public DaemonTest {
 protected:
  // As `ringmaster drain`; an empty text: done.
  [[nodiscard]] std::string drain(bool wait, bool resume = false) const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_drain()->set_pool("t");
    request.mutable_drain()->set_wait(wait);
    request.mutable_drain()->set_resume(resume);
    const auto answer = client::ask_for(link, request, v1::Reply::kDone);
    return answer ? std::string{} : answer.error().message;
  }

  [[nodiscard]] v1::PoolStatus status() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    const auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    if (!answer) throw std::runtime_error(answer.error().message);
    for (const v1::PoolStatus& pool : answer->reply.status().pools()) {
      if (pool.name() == "t") return pool;
    }
    throw std::runtime_error("no pool t");
  }

  static std::vector<PendingJob> submit(Session& session, int count, std::string_view handler, const char* ms) {
    std::vector<PendingJob> jobs;
    for (int i = 0; i < count; ++i) {
      auto job = session.submit(handler, Request{}, ms != nullptr ? Arguments{{"ms", ms}} : Arguments{});
      if (!job) throw std::runtime_error(job.error().message);
      jobs.push_back(std::move(*job));
    }
    return jobs;
  }

  static void expect_all_done(std::vector<PendingJob>& jobs) {
    for (PendingJob& job : jobs) {
      const auto outcome = job.wait_for(kPatience);
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
    }
  }

  static void expect_refused(Session& session) {
    const auto job = session.submit("echo", Request{});
    ASSERT_FALSE(job);
    EXPECT_EQ(job.error().error, SubmitError::Draining);
    EXPECT_NE(job.error().message.find("ringmaster drain --resume t"), std::string::npos) << job.error().message;
    EXPECT_EQ(session.allocate(64).error().error, SubmitError::Draining);
  }
};

// What a client does that looks neither at the board nor at the bits: descriptor and word, in a slot far from the
// others.
struct RawClient {
  explicit RawClient(const std::string& socket) : link(socket, "raw", std::chrono::seconds{60}) {
    core = client::open_session(link, "t", {}, "raw").value();
  }

  std::uint32_t publish(const char* handler) {
    ++slot;
    shm::JobDescriptor& job = core->port().request().descriptor(slot);
    job = {};
    job.seq = seq = seq + 1;
    job.handler = wire::handler_id(handler);
    core->port().reply().word(slot).store(shm::SlotWord::ready(seq, 0).bits());
    return slot;
  }
  [[nodiscard]] shm::SlotWord word(std::uint32_t at) const { return core->port().read(at); }

  client::ControlLink link;
  std::shared_ptr<client::SessionCore> core;
  std::uint32_t slot = 40;
  std::uint32_t seq = 1000;
};

TEST_F(DaemonDrain, OpenSessionRefusesAndWhatWasQueuedRuns) {
  start();
  Session session = open();
  auto jobs = submit(session, 6, "sleep-deaf", "200");
  EXPECT_EQ(drain(false), "");
  expect_refused(session);
  expect_all_done(jobs);
  EXPECT_EQ(drain(true), "");
  EXPECT_EQ(status().state(), "drained");
  expect_refused(session);
  EXPECT_EQ(drain(false, true), "");
  EXPECT_EQ(run(session, "echo", {}, {}, "again").text(), "again");
}

TEST_F(DaemonDrain, EndsAlsoBesideAClientThatIgnoresIt) {
  start();
  Session session = open();
  RawClient raw(socket_);
  auto jobs = submit(session, 4, "sleep-deaf", "300");
  auto drained = std::async(std::launch::async, [this] { return drain(true); });
  eventually("it drains", [this] { return status().state() != "running"; });
  // Once per look, until the drain has ended: none may hold it up.
  std::vector<std::uint32_t> slots;
  while (drained.wait_for(20ms) != std::future_status::ready && slots.size() < 200) {
    slots.push_back(raw.publish("empty"));
  }
  EXPECT_EQ(drained.get(), "");
  expect_all_done(jobs);
  slots.push_back(raw.publish("empty"));
  unsigned refused = 0;
  for (const std::uint32_t slot : slots) {
    eventually("it has an outcome", [&] { return raw.word(slot).is_terminal(); });
    if (raw.word(slot).cause() == Cause::Refused) ++refused;
  }
  EXPECT_EQ(raw.word(slots.back()).cause(), Cause::Refused) << "in state drained nothing runs";
  EXPECT_EQ(status().counters().refused(), refused);
}

TEST_F(DaemonDrain, GoesOnUnderASuccessor) {
  start();
  Session session = open();
  auto jobs = submit(session, 6, "sleep-deaf", "300");
  EXPECT_EQ(drain(false), "");
  replace_supervisor();
  EXPECT_NE(status().state(), "running");
  expect_refused(session);
  EXPECT_THROW((void)open(), std::runtime_error);
  expect_all_done(jobs);
  EXPECT_EQ(drain(true), "");
  replace_supervisor();
  EXPECT_EQ(status().state(), "drained");
  expect_refused(session);
  EXPECT_EQ(drain(false, true), "");
  EXPECT_EQ(run(session, "echo", {}, {}, "again").text(), "again");
}

TEST_F(DaemonDrain, JobThatIsRetriedEndsBeforeTheDrain) {
  start();
  Session session = open();
  SubmitOptions options;
  options.idempotent = true;
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 4; ++i) {
    auto job = session.submit("crash-once", Request{}, {{"times", "2"}}, options);
    ASSERT_TRUE(job) << job.error().message;
    jobs.push_back(std::move(*job));
  }
  EXPECT_EQ(drain(true), "");
  expect_all_done(jobs);
}

TEST_F(DaemonDrain, WaiterIsToldOfAResume) {
  start();
  Session session = open();
  auto jobs = submit(session, 1, "sleep", "60000");
  eventually("it runs", [this] { return status().running() == 1; });
  auto drained = std::async(std::launch::async, [this] { return drain(true); });
  eventually("it drains", [this] { return status().state() == "draining"; });
  EXPECT_EQ(drain(false, true), "");
  EXPECT_NE(drained.get().find("take jobs again"), std::string::npos);
  jobs.front().cancel();
}

TEST_F(DaemonDrain, QuarantineLeavesNoQueuedJobWithoutAnOutcome) {
  start(
      "run_timeout = \"20s\"\n[pool.t.restart]\nbudget = 2\nbackoff_initial = \"1ms\"\nbackoff_max = \"1ms\"\n"
      "probe_initial = \"2s\"\nprobe_max = \"2s\"\n");
  Session session = open();
  auto busy = submit(session, 2, "hang-asleep", nullptr);
  eventually("both run", [this] { return status().running() == 2; });
  auto jobs = submit(session, 20, "echo", nullptr);
  // Those that have no job die before their first one, until nobody starts any more.
  eventually("the pool is quarantined", [this] {
    const v1::PoolStatus now = status();
    for (const v1::WorkerStatus& one : now.workers()) {
      if (one.state() == "spare" && one.pid() != 0) ::kill(one.pid(), SIGABRT);
    }
    return now.quarantined();
  });
  for (const pid_t pid : workers()) ::kill(pid, SIGKILL);
  for (PendingJob& job : jobs) {
    const auto outcome = job.wait_for(kPatience);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->cause(), Cause::Refused) << outcome->describe();
    EXPECT_EQ(outcome->status(), Status::Refused);
    EXPECT_EQ(outcome->attempts(), 0U);
  }
  // The canary opens the pool again.
  eventually("a job is done again", [&] {
    auto job = session.submit("echo", Request{});
    if (!job) return false;
    const auto outcome = job->wait_for(kPatience);
    return outcome && outcome->status() == Status::Done;
  });
}

TEST_F(DaemonDrain, QueueTimeoutIsCounted) {
  start();
  Session session = open();
  // Longer than two looks are apart: else a worker meets the job first, and counts it.
  auto jobs = submit(session, 2, "sleep", "60000");
  eventually("both workers are busy", [this] { return status().running() == 2; });
  SubmitOptions options;
  options.queue_timeout = 20ms;
  EXPECT_EQ(run(session, "echo", {}, options).cause(), Cause::QueueTimeout);
  EXPECT_EQ(status().counters().timed_out(), 1U);
}

TEST_F(DaemonDrain, ProductiveWorkersKeepTheirPoolOutOfQuarantine) {
  start("run_timeout = \"20s\"\n[pool.t.restart]\nbudget = 3\nbackoff_initial = \"1ms\"\nbackoff_max = \"1ms\"\n");
  Session session = open();
  // Each round one worker dies before its first job and another after it; looks of the supervisor are a second apart.
  for (int round = 0; round < 8; ++round) {
    const Outcome who = run(session, "who");
    const pid_t worker = std::stoi(std::string(who.text()));
    eventually("its job is counted", [&] {
      const v1::PoolStatus now = status();
      return std::any_of(now.workers().begin(), now.workers().end(),
                         [&](const v1::WorkerStatus& one) { return one.pid() == worker && one.jobs() != 0; });
    });
    for (const pid_t other : workers()) {
      if (other == worker) continue;
      ::kill(other, SIGKILL);
      break;
    }
    ::kill(worker, SIGKILL);
    eventually("both are replaced", [&] {
      const v1::PoolStatus now = status();
      return std::count_if(now.workers().begin(), now.workers().end(), [&](const v1::WorkerStatus& one) {
               return one.pid() != worker && (one.state() == "active" || one.state() == "spare");
             }) == 3;
    });
  }
  EXPECT_EQ(log().find("quarantined"), std::string::npos);
}

}  // namespace
}  // namespace ringmaster
