#include <array>
#include <cstdio>
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
};

TEST_F(DaemonStatus, CountsAndStacksSurviveTheSupervisor) {
  start("run_deadline = \"1s\"\n");
  Session session = open();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  EXPECT_EQ(run(session, "crash").status(), Status::Crashed);
  EXPECT_EQ(run(session, "hang").status(), Status::TimedOut);
  const auto settled = [this] {
    const std::string text = status();
    return text.find("\"state\": \"spare\"") != std::string::npos &&
           text.find("\"state\": \"starting\"") == std::string::npos &&
           text.find("\"state\": \"condemned\"") == std::string::npos;
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

}  // namespace
}  // namespace ringmaster
