#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

/// What workers say out of turn.
class DaemonTalk : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    start_with("[pool.t]\ncommand = [\"" HOSTILE_WORKER "\"]\nworkers = 2\nspares = 1\nrun_timeout = \"20s\"\n");
  }
  [[nodiscard]] std::size_t lines(const std::string& what) const {
    const std::string text = log();
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  }
};

TEST_F(DaemonTalk, AWorkerThatSpeaksOutOfTurnIsEndedForItAndItsPoolGoesOn) {
  const pid_t supervisor_before = supervisor();
  Session session = open();
  for (const auto& [what, complaint] :
       {std::pair{"hello", "it said hello a second time"}, std::pair{"handlers", "it named its handlers out of turn"},
        std::pair{"ready", "it said a second time that it is ready"},
        std::pair{"bootfailed", "it said that it cannot start after it was ready"},
        std::pair{"attached", "it took a session that it was not given"},
        std::pair{"detached", "it gave back a session that it was not asked for"},
        std::pair{"broken", "it refused a session that it does not hold"},
        std::pair{"badindex", "it refused a session that it does not hold"}}) {
    ASSERT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done) << what;
    EXPECT_EQ(run(session, "say", {{"what", what}, {"count", "5"}}).status(), Status::Crashed) << what;
    EXPECT_NE(log().find(complaint), std::string::npos) << what;
  }
  EXPECT_EQ(lines("event=forged"), 0U) << "what it said is not repeated";
  EXPECT_EQ(supervisor(), supervisor_before);
  ASSERT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
}

TEST_F(DaemonTalk, AFloodCostsOneWorkerAndAFewLines) {
  Session session = open();
  for (const char* what : {"bootfailed", "attached", "leftovers"}) {
    ASSERT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
    const std::size_t lines_before = lines("\n");
    EXPECT_EQ(run(session, "say", {{"what", what}, {"count", "20000"}}).status(), Status::Crashed) << what;
    EXPECT_LT(lines("\n") - lines_before, 100U) << what;
  }
}

}  // namespace
}  // namespace ringmaster
