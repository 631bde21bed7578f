#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdexcept>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

// Limits that whoever starts the daemon has set for it.
class DaemonLimits : public DaemonTest {
 protected:
  void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    before_exec_ = [=] {
      ::prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0);  // root without it is as bound as a user
      const rlimit value{soft, hard};
      ::setrlimit(resource, &value);
    };
  }
  std::string refusal(const SessionOptions& wishes) {
    try {
      (void)open("t", wishes);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no refusal";
  }
  // What a daemon says that ends at its start.
  std::string refused_start() {
    std::string said;
    EXPECT_EQ(run_second(said), 69) << said;
    return said;
  }
};

TEST_F(DaemonLimits, FileSizesRefuseTheSessionThatIsTooLargeAndNothingElse) {
  limit(RLIMIT_FSIZE, 2 << 20, 2 << 20);
  start();
  const pid_t before = supervisor();
  SessionOptions large;
  large.request_ring_bytes = 16 << 20;
  for (int i = 0; i < 5; ++i) {
    const std::string why = refusal(large);
    EXPECT_NE(why.find("LimitFSIZE="), std::string::npos) << why;
    EXPECT_NE(why.find("2097152"), std::string::npos) << why;
  }
  SessionOptions small;
  small.request_ring_bytes = small.result_ring_bytes = 64 << 10;
  Session session = open("t", small);
  EXPECT_EQ(run(session, "echo", {}, {}, "fits").text(), "fits");
  EXPECT_EQ(supervisor(), before);
}

TEST_F(DaemonLimits, SoftOnesAreRaisedForTheDaemonAndNotForItsWorkers) {
  limit(RLIMIT_FSIZE, 64 << 10, RLIM_INFINITY);
  start();
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "fits").text(), "fits");
  rlimit workers_limit{};
  ASSERT_EQ(::prlimit(a_worker(), RLIMIT_FSIZE, nullptr, &workers_limit), 0);
  EXPECT_EQ(workers_limit.rlim_cur, rlim_t{64 << 10});
}

TEST_F(DaemonLimits, OfFileSizesDoesNotBindADaemonThatMayLiftIt) {
  if (::prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) != 1 || ::geteuid() != 0) GTEST_SKIP() << "needs privilege";
  before_exec_ = [] {
    const rlimit value{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &value);
  };
  start();
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "fits").text(), "fits");
  rlimit workers_limit{};
  ASSERT_EQ(::prlimit(a_worker(), RLIMIT_FSIZE, nullptr, &workers_limit), 0);
  EXPECT_EQ(workers_limit.rlim_max, rlim_t{1 << 20});
}

TEST_F(DaemonLimits, TooSmallOnesEndTheStartWithASentence) {
  limit(RLIMIT_FSIZE, 0, 0);
  // Standard error is a file here, and takes no byte: the exit code is all there is.
  std::string said;
  EXPECT_EQ(run_second(said), 69) << said;
  limit(RLIMIT_FSIZE, 4096, 4096);
  EXPECT_NE(refused_start().find("LimitFSIZE="), std::string::npos);
// A sanitizer looks at objects through descriptors of its own, and its shadow alone is larger than that space.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_NOFILE, 12, 12);
  EXPECT_NE(refused_start().find("LimitNOFILE="), std::string::npos);
  // How far a start comes depends on the build: to where a library cannot be mapped (127), or a little further (69).
  limit(RLIMIT_AS, 8 << 20, 8 << 20);
  const int code = run_second(said);
  EXPECT_TRUE(code == 69 || code == 127) << code;
  EXPECT_NE(said.find("LimitAS="), std::string::npos) << said;
#endif
}

}  // namespace
}  // namespace ringmaster
