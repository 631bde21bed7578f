#include <sstream>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

/// What handlers write: each line in the log carries its own job.
class DaemonOutput : public DaemonTest {
 protected:
  void start_left() {
    start("[pool.left]\ncommand = [\"" LEAVING_WORKER "\"]\nworkers = 1\nspares = 0\nrun_timeout = \"60s\"\n");
  }
  /// Lines of the log whose text is `text`; "": what they carry as job.
  [[nodiscard]] std::vector<std::string> jobs_of(const std::string& text) const {
    std::vector<std::string> jobs;
    std::stringstream lines(log());
    for (std::string line; std::getline(lines, line);) {
      if (line.find("text=\"" + text + "\"") == std::string::npos) continue;
      const auto at = line.find(" job=");
      jobs.push_back(at == std::string::npos ? "none" : line.substr(at + 5, line.find(' ', at + 5) - at - 5));
    }
    return jobs;
  }
  /// "say" and "mumble" answer with their job's id.
  static std::uint64_t said_id(const Outcome& outcome) { return std::stoull(std::string(outcome.text())); }
  void expect_line(const std::string& text, std::uint64_t job) {
    eventually("the log has \"" + text + "\"", [&] { return !jobs_of(text).empty(); });
    EXPECT_EQ(jobs_of(text), std::vector<std::string>{std::to_string(job)}) << text;
  }
};

TEST_F(DaemonOutput, AnUnfinishedLineEndsWithItsJob) {
  start_left();
  Session session = open("left");
  const Outcome a = run(session, "say", {}, {}, "secret of A");
  const Outcome b = run(session, "say", {}, {}, "line of B\n");
  expect_line("secret of A", said_id(a));
  expect_line("line of B", said_id(b));
}

TEST_F(DaemonOutput, SoDoesOneInABufferOfTheCLibrary) {
  start_left();
  Session session = open("left");
  const Outcome a = run(session, "mumble", {}, {}, "mumbled by A");
  const Outcome b = run(session, "mumble", {}, {}, "mumbled by B");
  expect_line("mumbled by A", said_id(a));
  expect_line("mumbled by B", said_id(b));
}

TEST_F(DaemonOutput, ShortJobsThatFollowEachOtherKeepTheirLinesApart) {
  start_left();
  Session session = open("left");
  const Outcome first = run(session, "say", {}, {}, "the first\n");
  std::vector<PendingJob> jobs;
  constexpr int kJobs = 100;
  for (int i = 0; i < kJobs; ++i) {
    const std::string text = "line " + std::to_string(i) + (i % 2 == 0 ? " whole\n" : " open");
    auto job = session.submit("say", std::as_bytes(std::span(text)), {{"err", i % 3 == 0 ? "true" : "false"}});
    ASSERT_TRUE(job) << job.error().message;
    jobs.push_back(std::move(*job));
  }
  expect_line("the first", said_id(first));
  for (int i = 0; i < kJobs; ++i) {
    const auto outcome = jobs[static_cast<std::size_t>(i)].wait_for(kPatience);
    ASSERT_TRUE(outcome);
    expect_line("line " + std::to_string(i) + (i % 2 == 0 ? " whole" : " open"), said_id(*outcome));
  }
}

TEST_F(DaemonOutput, ASuccessorReadsOn) {
  start_left();
  Session session = open("left");
  const Outcome a = run(session, "say", {}, {}, "before it");
  expect_line("before it", said_id(a));
  replace_supervisor();
  const Outcome b = run(session, "say", {}, {}, "after it");
  expect_line("after it", said_id(b));
}

}  // namespace
}  // namespace ringmaster
