#include "tests/integration/daemon/daemon_fixture.h"

// A handler that is a client: one program links the worker's library and the client's.
namespace ringmaster {
namespace {

class DaemonAsking : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    start_with("[pool.front]\ncommand = [\"" ASKING_WORKER
               "\"]\nworkers = 1\n[pool.back]\nhandlers = [\"echo\"]\nworkers = 1\n");
  }
  Outcome ask(const std::string& pool, const char* message) {
    Session session = open("front");
    return run(session, "ask", {{"socket", socket_}, {"pool", pool}, {"message", message}}, {}, "pass it on");
  }
};

TEST_F(DaemonAsking, AHandlerSubmitsAJobToAnotherPool) {
  const Outcome outcome = ask("back", "false");
  EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
  EXPECT_EQ(outcome.text(), "pass it on");
}

TEST_F(DaemonAsking, AHandlerRunsAJobOfAnotherPoolAsAMessage) {
  const Outcome outcome = ask("back", "true");
  EXPECT_EQ(outcome.status(), Status::Done) << outcome.describe();
  EXPECT_EQ(outcome.text(), "pass it on");
}

TEST_F(DaemonAsking, WhatTheHandlerIsRefusedIsItsJobsFailure) {
  const Outcome outcome = ask("nowhere", "false");
  EXPECT_EQ(outcome.status(), Status::Failed);
  EXPECT_NE(outcome.message().find("nowhere"), std::string::npos) << outcome.message();
}

}  // namespace
}  // namespace ringmaster
