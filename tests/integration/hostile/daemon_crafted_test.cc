#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

/// Workers that fault in files which they have made for whoever reads them: the tracer may fail at each, and nobody
/// else.
class DaemonCrafted : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    start_with("[pool.t]\ncommand = [\"" HOSTILE_WORKER
               "\"]\nworkers = 2\nspares = 1\nrun_timeout = \"20s\"\n"
               "[pool.t.restart]\nbudget = 1000\n");
  }
  void run_crafted(Session& session, const std::string& kind, int seed) {
    ASSERT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done) << kind << " " << seed;
    const Outcome ended =
        run(session, "crafted", {{"kind", kind}, {"folder", folder_}, {"seed", std::to_string(seed)}});
    EXPECT_EQ(ended.status(), Status::Crashed) << kind << " " << seed << ": " << ended.describe();
  }
};

TEST_F(DaemonCrafted, ACraftedFileCostsNothingButTheStack) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's handlers were there first";
#endif
  const pid_t supervisor_before = supervisor();
  Session session = open();
  for (const char* kind : {"whole", "shrunk", "endless", "pipe", "circle"}) run_crafted(session, kind, 1);
  for (int seed = 1; seed <= 5; ++seed) {
    for (const char* kind : {"garbage", "headers", "bytes"}) run_crafted(session, kind, seed);
  }
  EXPECT_EQ(supervisor(), supervisor_before);
  EXPECT_EQ(run(session, "echo", {}, {}, "x").status(), Status::Done);
  eventually("an honest stack is taken again", [&] {
    Outcome ended = run(session, "fault");
    session.explain(ended, kPatience);
    return ended.facts().stack.find("fault_plainly") != std::string::npos;
  });
}

}  // namespace
}  // namespace ringmaster
