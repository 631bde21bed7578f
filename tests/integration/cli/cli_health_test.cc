#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class CliHealth : public CommandTest {
 protected:
  Ended health(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "health");
    return call(std::move(arguments));
  }
};

TEST_F(CliHealth, SaysFactsInOneLine) {
  start_with("[pool.default]\nworkers = 1\nspares = 0\n");
  const Ended ended = health({"--wait", "60s"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, MatchesRegex("healthy: 1 pool, 1 worker, [0-9]+ done, 0 crashed, 0 queued\n"));
  EXPECT_EQ(health({"--live"}).code, 0);
  EXPECT_EQ(health({"--ready"}).code, 0);
  EXPECT_THAT(health({"--json"}).out, HasSubstr("\"health\": \"healthy\",\n  \"ready\": true,\n  \"reasons\": []"));
}

TEST_F(CliHealth, ADaemonThatDoesNotAnswerIsDownInTime) {
  start_with("[pool.default]\nworkers = 1\nspares = 0\n");
  ASSERT_EQ(health({"--wait", "60s"}).code, 0);
  ASSERT_EQ(::kill(supervisor(), SIGSTOP), 0);
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{}, {"--live"}, {"--ready"}, {"--wait", "100ms"}}) {
    std::vector<std::string> arguments{"--timeout", "300ms"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Ended ended = health(arguments);
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.out, StartsWith("down: "));
  }
  ASSERT_EQ(::kill(supervisor(), SIGCONT), 0);
}

TEST_F(CliHealth, ADrainedDaemonIsAliveAndNotReady) {
  start_with("[pool.default]\nworkers = 1\nspares = 0\n");
  ASSERT_EQ(health({"--wait", "60s"}).code, 0);
  ASSERT_EQ(call({"drain", "--wait"}).code, 0);
  EXPECT_EQ(health({}).code, 2);
  EXPECT_EQ(health({"--ready"}).code, 2);
  EXPECT_EQ(health({"--live"}).code, 0);
  ASSERT_EQ(call({"drain", "--resume"}).code, 0);
  EXPECT_EQ(health({"--ready", "--wait", "60s"}).code, 0);
}

TEST_F(CliHealth, APoolWhoseFirstWorkerTakesItsTimeIsStarting) {
  start_with("[pool.slow]\ncommand = [\"" NEVER_READY_WORKER "\"]\nworkers = 1\nspares = 0\n");
  const Ended ended = health({"--timeout", "20s"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.out, StartsWith("starting: pool \"slow\": its first worker is starting; "));
  EXPECT_EQ(health({"--live"}).code, 0);
  EXPECT_EQ(health({"--ready"}).code, 3);
}

TEST_F(CliHealth, ALimitThatIsNotInForceDegrades) {
  start_with("[daemon]\ncgroup = \"off\"\n[pool.default]\nworkers = 1\nspares = 0\nmemory_max = \"64MiB\"\n");
  ASSERT_EQ(health({"--ready", "--wait", "60s"}).code, 0);
  const Ended ended = health({});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("memory_max (64MiB) is not in force"));
  EXPECT_EQ(health({"--ready"}).code, 0);
}

}  // namespace
}  // namespace ringmaster
