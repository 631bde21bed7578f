#include <signal.h>
#include <unistd.h>

#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

class CliPools : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    start_with("[limits]\npools_per_uid = 2\n[pool.t]\ncommand = [\"" TEST_WORKER "\"]\nworkers = 1\nspares = 0\n");
    write("pool.toml", "command = [\"" TEST_WORKER "\"]\nspares = 0\n");
    name_ = "u" + std::to_string(::getuid()) + ".p";
  }
  /// `pools create` in the background, once it serves.
  [[nodiscard]] pid_t hold() {
    const pid_t pid =
        begin({.arguments = {"pools", "create", "p", "--config", path("pool.toml"), "--workers", "1", "--most", "2"}});
    eventually("it has said its name", [this] { return content(path("out")) == name_ + "\n"; });
    return pid;
  }
  [[nodiscard]] bool served() const {
    ConnectOptions options;
    options.socket = socket_;
    auto client = Client::connect(options);
    return client && client->handlers(name_).has_value();
  }

  std::string name_;
};

TEST_F(CliPools, HoldsAPoolUntilItIsInterrupted) {
  const pid_t holder = hold();
  Session session = open(name_);
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  ASSERT_EQ(::kill(holder, SIGINT), 0);
  EXPECT_EQ(code_of(holder), 0);
  EXPECT_FALSE(served()) << "it waits until nothing is left";
}

TEST_F(CliPools, IsGoneWhenTheCommandIsKilled) {
  const pid_t holder = hold();
  ASSERT_EQ(::kill(holder, SIGKILL), 0);
  EXPECT_EQ(code_of(holder), -SIGKILL);
  eventually("the daemon removes it", [this] { return !served(); });
}

TEST_F(CliPools, DropsAndResizesByItsShortName) {
  const pid_t holder = hold();
  EXPECT_EQ(call({"pools", "resize", "p", "2"}).out, "pool \"p\": 2 workers\n");
  EXPECT_EQ(call({"pools", "resize", "p", "2", "--min", "1"}).out, "pool \"p\": 1 to 2 workers\n");
  EXPECT_NE(call({"status", name_}).out.find("workers (1 to 2) + 0 spares"), std::string::npos);
  EXPECT_EQ(call({"pools", "resize", "p", "2"}).out, "pool \"p\": 2 workers\n");
  EXPECT_NE(call({"pools", "resize", name_, "3"}).errors.find("at most 2"), std::string::npos);
  EXPECT_NE(call({"status", name_}).out.find("created by uid " + std::to_string(::getuid()) + ", 2 workers"),
            std::string::npos);
  const Ended dropped = call({"pools", "drop", "p", "--timeout", "0"});
  EXPECT_EQ(dropped.code, 0) << dropped.errors;
  EXPECT_EQ(code_of(holder), 3) << "whoever holds it is told";
  EXPECT_EQ(call({"pools", "drop", "p"}).code, 3);
}

TEST_F(CliPools, SaysThatTheDaemonIsGoneAndNotThatItWasDropped) {
  const pid_t holder = hold();
  ASSERT_EQ(call({"stop"}).code, 0);
  EXPECT_EQ(code_of(holder), 8);
  EXPECT_NE(content(path("errors")).find("the daemon is gone"), std::string::npos) << content(path("errors"));
}

TEST_F(CliPools, ListsWhatIsWrongWithAFile) {
  write("pool.toml", "command = [\"/no/such\"]\nnonsense = 1\n");
  const Ended refused = call({"pools", "create", "p", "--config", path("pool.toml")});
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.errors.find("nonsense"), std::string::npos) << refused.errors;
  EXPECT_NE(refused.errors.find("no such file"), std::string::npos) << refused.errors;
  EXPECT_EQ(call({"pools", "create", "p", "--config", path("absent")}).code, 9);
}

}  // namespace
}  // namespace ringmaster
