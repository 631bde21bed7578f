#include <map>
#include <string>
#include <vector>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// Workers that are replaced after so many jobs.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonRecycle : public DaemonTest {
 protected:
  /// Runs `count` jobs, many at once; how many of them each process had.
  static std::map<std::string, unsigned> jobs_by_process(Session& session, unsigned count) {
    std::map<std::string, unsigned> jobs;
    std::vector<PendingJob> pending;
    for (unsigned i = 0; i < count; ++i) pending.push_back(session.submit("who", Request{}).value());
    for (PendingJob& job : pending) {
      const auto outcome = job.wait_for(kPatience);
      if (!outcome) throw std::runtime_error("it did not end");
      EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
      const std::string said(outcome->text());
      ++jobs[said.substr(0, said.find(' '))];
    }
    return jobs;
  }
  [[nodiscard]] v1::PoolStatus status() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    return answer ? answer->reply.status().pools(0) : v1::PoolStatus{};
  }
};

TEST_F(DaemonRecycle, WithOneJobForAWorkerEachJobHasAProcessOfItsOwn) {
  start("run_timeout = \"20s\"\n[pool.t.recycle]\nmax_jobs = 1\n");
  Session session = open();
  const auto jobs = jobs_by_process(session, 30);
  EXPECT_EQ(jobs.size(), 30U);
  const v1::PoolStatus pool = status();
  EXPECT_EQ(pool.incidents_size(), 0) << "none of these deaths is one that nobody wanted";
  EXPECT_EQ(count_in(log(), "pool is quarantined"), 0U);
}

TEST_F(DaemonRecycle, NoWorkerDoesMoreJobsThanItMay) {
  start("run_timeout = \"20s\"\n[pool.t.recycle]\nmax_jobs = 3\n");
  Session session = open();
  for (const auto& [process, jobs] : jobs_by_process(session, 60)) EXPECT_LE(jobs, 3U) << process;
}

// Also where the supervisor that would hear of it has just died.
TEST_F(DaemonRecycle, ASuccessorTakesAWorkerThatHasHadItsJobsForRecycled) {
  start("run_timeout = \"20s\"\n[pool.t.recycle]\nmax_jobs = 1\n");
  Session session = open();
  for (int life = 0; life < 3; ++life) {
    const auto jobs = jobs_by_process(session, 5);
    EXPECT_EQ(jobs.size(), 5U);
    std::vector<PendingJob> pending;
    for (int i = 0; i < 3; ++i) pending.push_back(session.submit("who", Request{}).value());
    replace_supervisor();
    for (PendingJob& job : pending) EXPECT_EQ(job.wait().status(), Status::Done);
  }
  EXPECT_EQ(status().incidents_size(), 0);
}

}  // namespace
}  // namespace ringmaster
