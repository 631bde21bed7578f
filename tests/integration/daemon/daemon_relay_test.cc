#include "tests/integration/daemon/daemon_fixture.h"

// A worker that is a client of its own daemon: client and worker library in one program.
namespace ringmaster {
namespace {

class Relay : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    start_with("[pool.relay]\ncommand = [\"" RELAY_WORKER "\"]\nworkers = 1\n[pool.t]\ncommand = [\"" TEST_WORKER
               "\"]\nworkers = 1\n");
  }
  Outcome relay(const std::string& handler) {
    Session session = open("relay");
    return run(session, "relay", {{"socket", socket_}, {"pool", "t"}, {"handler", handler}}, {}, "passed on");
  }
};

TEST_F(Relay, AHandlerSubmitsAJobToAnotherPool) {
  const Outcome outcome = relay("echo");
  EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
  EXPECT_EQ(outcome.text(), "passed on");
}

TEST_F(Relay, WhatBecameOfTheOtherJobIsAValueInTheHandler) {
  const Outcome outcome = relay("crash");
  EXPECT_EQ(outcome.status(), Status::Failed) << outcome.describe();
  EXPECT_NE(outcome.message().find("crashed by signal 11"), std::string::npos) << outcome.message();
}

}  // namespace
}  // namespace ringmaster
