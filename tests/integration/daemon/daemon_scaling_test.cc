#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// Pools that have as many workers as there is work for.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonScaling : public DaemonTest {
 protected:
  void start_range(const std::string& more) {
    start_with("[pool.t]\ncommand = [\"" TEST_WORKER "\"]\nworkers = { min = 1, max = 3 }\nspares = 0\n" + more);
  }
  [[nodiscard]] v1::PoolStatus status() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    if (!answer) throw std::runtime_error(answer.error().message);
    return answer->reply.status().pools(0);
  }
  [[nodiscard]] std::ptrdiff_t active() const {
    const v1::PoolStatus pool = status();
    return std::ranges::count_if(pool.workers(), [](const auto& one) { return one.state() == "active"; });
  }
  /// Jobs that run until they are cancelled.
  [[nodiscard]] static std::vector<PendingJob> burst(Session& session, unsigned jobs) {
    std::vector<PendingJob> pending;
    for (unsigned i = 0; i < jobs; ++i)
      pending.push_back(session.submit("sleep", Request{}, {{"ms", "100000"}}).value());
    return pending;
  }
  static void end(std::vector<PendingJob>& jobs) {
    for (PendingJob& job : jobs) job.cancel();
    for (PendingJob& job : jobs) EXPECT_EQ(job.wait().status(), Status::Cancelled);
    jobs.clear();
  }
};

TEST_F(DaemonScaling, ABurstGrowsAPoolAndIdlenessShrinksIt) {
  start_range("idle_timeout = \"200ms\"\nrun_timeout = \"200s\"\n");
  Session session = open();
  eventually("one works", [this] { return active() == 1; });
  const v1::PoolStatus before = status();
  EXPECT_EQ(before.workers_wanted(), 1U);
  EXPECT_EQ(before.workers_min(), 1U);
  EXPECT_EQ(before.workers_max(), 3U);
  for (int time = 0; time < 2; ++time) {
    std::vector<PendingJob> jobs = burst(session, 8);
    eventually("three work", [this] { return status().running() == 3; });
    EXPECT_EQ(status().workers_wanted(), 3U);
    end(jobs);
    eventually("one works", [this] { return active() == 1 && workers().size() == 1; });
    EXPECT_EQ(status().workers_wanted(), 1U);
  }
  EXPECT_EQ(status().incidents_size(), 0);
}

TEST_F(DaemonScaling, EachJobHasAWorkerWhenItIsToldHowLongOneMayWait) {
  start_range("grow_after = \"10ms\"\nidle_timeout = \"0s\"\nrun_timeout = \"200s\"\n");
  Session session = open();
  eventually("one works", [this] { return active() == 1; });
  std::vector<PendingJob> jobs = burst(session, 2);
  eventually("two work", [this] { return status().running() == 2; });
  EXPECT_EQ(status().workers_wanted(), 2U);
  std::vector<PendingJob> more = burst(session, 8);
  eventually("three work", [this] { return status().running() == 3; });
  end(jobs);
  end(more);
}

TEST_F(DaemonScaling, APoolGrowsThoughEachJobHasAProcessOfItsOwn) {
  start_with("[pool.t]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 0.2; exec " TEST_WORKER
             "\"]\nworkers = { min = 1, max = 4 }\nspares = 0\n[pool.t.recycle]\nmax_jobs = 1\n");
  Session session = open();
  std::deque<PendingJob> jobs;
  eventually("four are wanted", [&] {
    while (jobs.size() < 20) jobs.push_back(session.submit("sleep", Request{}, {{"ms", "20"}}).value());
    EXPECT_EQ(jobs.front().wait().status(), Status::Done);
    jobs.pop_front();
    return status().workers_wanted() == 4;
  });
  for (PendingJob& job : jobs) EXPECT_EQ(job.wait().status(), Status::Done);
  EXPECT_EQ(status().incidents_size(), 0);
}

TEST_F(DaemonScaling, ASuccessorGoesOnWithTheWorkersThatAreThere) {
  start_range("idle_timeout = \"0s\"\nrun_timeout = \"200s\"\n");
  Session session = open();
  std::vector<PendingJob> jobs = burst(session, 8);
  eventually("three work", [this] { return status().running() == 3; });
  const std::vector<pid_t> before = workers();
  end(jobs);
  replace_supervisor();
  EXPECT_EQ(status().workers_wanted(), 3U);
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  EXPECT_EQ(workers(), before);
}

TEST_F(DaemonScaling, OfACreatedPoolHasOtherEndsWhenItIsResized) {
  start_with("[limits]\npools_per_uid = 1\n[pool]\n");
  ConnectOptions options;
  options.socket = socket_;
  const std::string text =
      "command = [\"" TEST_WORKER "\"]\nspares = 0\nidle_timeout = \"0s\"\nrun_timeout = \"200s\"\n";
  auto pool = Client::connect(options).value().create_pool("p", {text, {}, 3, 0, 1});
  ASSERT_TRUE(pool) << pool.error().message;
  Session session = open(pool->name());
  EXPECT_EQ(status().workers_wanted(), 1U);
  std::vector<PendingJob> jobs = burst(session, 8);
  eventually("three work", [this] { return status().running() == 3; });
  end(jobs);
  ASSERT_TRUE(pool->resize(2, 1));
  eventually("two are left", [this] { return active() == 2 && workers().size() == 2; });
  replace_supervisor();
  EXPECT_EQ(status().workers_min(), 1U);
  EXPECT_EQ(status().workers_max(), 2U);
  EXPECT_FALSE(pool->resize(1, 2));
}

TEST_F(DaemonScaling, WhereARangeReplacesANumberNobodyGoesAtOnce) {
  start_with("[limits]\npools_per_uid = 1\n[pool]\n");
  ConnectOptions options;
  options.socket = socket_;
  const std::string text = "command = [\"" TEST_WORKER "\"]\nspares = 0\nidle_timeout = \"5m\"\n";
  auto pool = Client::connect(options).value().create_pool("p", {text, {}, 3});
  ASSERT_TRUE(pool) << pool.error().message;
  eventually("three work", [this] { return active() == 3; });
  Session session = open(pool->name());
  ASSERT_TRUE(pool->resize(3, 1));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  EXPECT_EQ(status().workers_wanted(), 3U);
  EXPECT_EQ(count_in(log(), "pool shrinks"), 0U);
}

}  // namespace
}  // namespace ringmaster
