#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

class DaemonStatus : public DaemonTest {
 protected:
  [[nodiscard]] std::string status() const {
    const std::string command = std::string{RINGMASTER} + " status --json --socket " + socket_;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> buffer;
    while (const std::size_t got = pipe ? std::fread(buffer.data(), 1, buffer.size(), pipe.get()) : 0) {
      text.append(buffer.data(), got);
    }
    return text;
  }
  static std::string part(const std::string& text, const std::string& from, const std::string& to) {
    const std::size_t begin = text.find(from);
    const std::size_t end = text.find(to, begin);
    return begin == std::string::npos || end == std::string::npos ? std::string{} : text.substr(begin, end - begin);
  }
  // The first of that name in the text; -1: there is none.
  static double number(const std::string& text, const std::string& key) {
    const std::size_t at = text.find("\"" + key + "\": ");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + key.size() + 4, nullptr);
  }
};

TEST_F(DaemonStatus, CountsAndStacksSurviveTheSupervisor) {
  start("run_timeout = \"1s\"\n");
  Session session = open();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  EXPECT_EQ(run(session, "crash").status(), Status::Crashed);
  EXPECT_EQ(run(session, "hang").status(), Status::TimedOut);
  const auto settled = [this] {
    const std::string text = status();
    return text.find("\"state\": \"spare\"") != std::string::npos &&
           text.find("\"state\": \"starting\"") == std::string::npos &&
           text.find("\"state\": \"condemned\"") == std::string::npos &&
           text.find("hang (") != std::string::npos;  // the names of a stack come last
  };
  eventually("every worker is back", settled);
  const std::string before = status();
  const std::string counters = part(before, "\"counters\"", "\"workers\"");
  EXPECT_NE(counters.find("\"done\": 20"), std::string::npos) << before;
  EXPECT_NE(counters.find("\"crashed\": 1"), std::string::npos) << before;
  EXPECT_NE(counters.find("\"timed_out\": 1"), std::string::npos) << before;
  EXPECT_NE(counters.find("\"worker_deaths\": 2"), std::string::npos) << before;
  const std::string stack = part(part(before, "\"incidents\"", "\"sessions\""), "\"stack\": \"", "}");
  EXPECT_NE(stack.find("hang"), std::string::npos) << before;
  replace_supervisor();
  eventually("every worker is there", settled);
  const std::string after = status();
  EXPECT_EQ(part(after, "\"counters\"", "\"workers\""), counters);
  EXPECT_EQ(part(part(after, "\"incidents\"", "\"sessions\""), "\"stack\": \"", "}"), stack);
  EXPECT_NE(after.find("\"supervisor_incarnation\": 2"), std::string::npos);
  EXPECT_NE(after.find("killed after its run deadline"), std::string::npos) << after;
}

TEST_F(DaemonStatus, LabelOfAJobIsInStatusLogAndIncidents) {
  start();
  Session session = open();
  const SubmitOptions options{.label = "invoice.js#render"};
  auto hanging = session.submit("hang", Request{}, {}, options);
  ASSERT_TRUE(hanging);
  eventually("it runs, by name",
             [this] { return status().find("\"current_label\": \"invoice.js#render\"") != std::string::npos; });
  EXPECT_EQ(run(session, "crash", {}, options).status(), Status::Crashed);
  ConnectOptions where;
  where.socket = socket_;
  auto client = Client::connect(where);
  ASSERT_TRUE(client);
  auto message = client->run("t", "crash", {}, {}, {.label = "as a message\n"});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->status(), Status::Crashed);
  const auto told = [this](const std::string& label) {
    return count_in(log(), "job lost its worker") >= 2 && count_in(log(), "label=" + label) >= 1 &&
           part(status(), "\"incidents\"", "\"sessions\"").find("\"label\": \"" + label) != std::string::npos;
  };
  eventually("its death is told by name", [&] { return told("invoice.js#render"); });
  replace_supervisor();
  eventually("a successor knows it",
             [this] { return status().find("\"label\": \"as a message \"") != std::string::npos; });
  hanging->cancel(Force{});
  EXPECT_EQ(hanging->wait().status(), Status::Cancelled);
}

TEST_F(DaemonStatus, JobsThatHitTheirDeadlineAreInTheQuantiles) {
  start("run_timeout = \"300ms\"\n");
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(run(session, "hang").status(), Status::TimedOut);
  // The outcome is there before the death is booked; its count and its status are one thing.
  eventually("all are counted", [this] {
    return number(part(part(status(), "\"counters\"", "\"workers\""), "\"run_time\": {", "}"), "count") == 10;
  });
  const std::string text = status();
  for (const char* from : {"\"last_minute\"", "\"counters\""}) {
    const std::string times = part(part(text, from, "\"workers\""), "\"run_time\": {", "}");
    EXPECT_EQ(number(times, "count"), 10) << text;
    EXPECT_GE(number(times, "p50_ns"), 280e6) << times;
    EXPECT_GE(number(times, "p99_ns"), 280e6) << times;
    EXPECT_LE(number(times, "p99_ns"), number(times, "max_ns")) << times;
    EXPECT_GE(number(times, "sum_ns"), 9 * 300e6) << times;
  }
}

TEST_F(DaemonStatus, TellsOfQueueSaturationAndCpu) {
  start();
  Session session = open();
  std::vector<PendingJob> jobs;
  for (int i = 0; i < 6; ++i) {
    auto job = session.submit("sleep", Request{}, {{"ms", "1000"}});
    ASSERT_TRUE(job) << job.error().message;
    jobs.push_back(std::move(*job));
  }
  eventually("somebody waits", [this] { return number(status(), "oldest_queued_ms") > 0; });
  for (PendingJob& job : jobs) EXPECT_EQ(job.wait().status(), Status::Done);
  std::string text = status();
  EXPECT_GE(number(text, "queue_highest"), 1) << text;
  EXPECT_GE(number(part(text, "\"counters\"", "}"), "waited"), 1) << text;
  EXPECT_LE(number(part(text, "\"counters\"", "}"), "waited"), 6) << text;
  EXPECT_GT(number(part(text, "\"rates\"", "]"), "window_ms"), 0) << text;
  auto busy = session.submit("hang", Request{});
  ASSERT_TRUE(busy);
  eventually("a worker burns CPU", [&] {
    text = status();
    for (std::size_t at = 0; (at = text.find("\"cpu_ms\"", at)) != std::string::npos; ++at) {
      if (number(text.substr(at), "cpu_ms") >= 200 && number(text.substr(at), "cpu_percent") > 0) return true;
    }
    return false;
  });
  session.close();
}

}  // namespace
}  // namespace ringmaster
