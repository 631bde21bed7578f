#include <signal.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tests/integration/errno_walk/busy_daemon.h"
#include "tests/integration/errno_walk/errno_plan.h"
#include "tests/integration/errno_walk/fault_injector.h"
#include "tests/testing/process_state.h"

// Every system call of a daemon that serves fails once, as its surroundings can make it fail. Then a job is done, no
// job was lost, and nobody has ended. `scripts/errno-walk` tries every errno of every call.
namespace ringmaster::testing {
namespace {

// Jobs that crash are part of each turn: nobody is to be refused for them.
constexpr const char* kConfig = "run_timeout = \"20s\"\nrestart = { budget = 100000 }\n";

bool wants_all() {
  const char* const wish = std::getenv("ERRNO_WALK");
  return wish != nullptr && std::strcmp(wish, "all") == 0;
}

std::size_t descriptors_of(pid_t pid) {
  std::error_code ignored;
  const std::filesystem::directory_iterator folder("/proc/" + std::to_string(pid) + "/fd", ignored);
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

class ErrnoWalk : public BusyDaemon {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own calls may not fail";
#endif
    BusyDaemon::SetUp();
  }
  // `supervisor_may_change`: it is killed by the acts.
  void walk(const std::vector<Act>& acts, FaultInjector& faults, bool supervisor_may_change);
};

void ErrnoWalk::walk(const std::vector<Act>& acts, FaultInjector& faults, bool supervisor_may_change) {
  Session kept = open();
  const pid_t keeper = keeper_;
  const pid_t before = supervisor();
  const std::size_t held = descriptors_of(keeper);
  const std::size_t open_before = descriptors_of(before);
  std::size_t quiet = 0;
  // A site is met in its act only: over when a whole turn of acts has met none that has still to fail.
  for (std::size_t round = 0; quiet < 2 * acts.size(); ++round) {
    const unsigned from = faults.injected();
    faults.arm(1);
    acts[round % acts.size()]();
    job_in(kept, "a job of the kept session");
    faults.disarm();
    quiet = faults.injected() == from ? quiet + 1 : 0;
    const bool fine = well(kept);
    const bool alive = is_running(keeper) && (supervisor_may_change || supervisor() == before);
    if (fine && alive && wrongs_.empty()) continue;
    for (const std::string& wrong : wrongs_) ADD_FAILURE() << wrong;
    EXPECT_TRUE(fine) << "not well again";
    EXPECT_TRUE(alive) << "a process has ended";
    // What hangs is found later than what it hangs from.
    ADD_FAILURE() << "act " << round % acts.size() << ", after\n" << faults.describe(from < 4 ? 0 : from - 4);
    wrongs_.clear();
    if (!alive) return;
  }
  std::printf("%u sites, %u faults\n", faults.sites(), faults.injected());
  EXPECT_GE(faults.injected(), faults.sites());
  // What a killed supervisor had open for itself is held for its successor, for a while.
  if (!supervisor_may_change) {
    eventually("no descriptor is left",
               [&] { return descriptors_of(keeper) <= held + 4 && descriptors_of(before) <= open_before + 8; });
  }
}

TEST_F(ErrnoWalk, OfTheSupervisor) {
  start(kConfig);
  FaultInjector faults(supervisor(), wants_all() ? FaultInjector::Errnos::All : FaultInjector::Errnos::OneASite);
  if (!faults.problem().empty()) GTEST_SKIP() << faults.problem();
  walk(acts(), faults, false);
  EXPECT_GT(faults.sites(), 50U);
}

TEST_F(ErrnoWalk, OfTheKeeper) {
  start(kConfig);
  FaultInjector faults(keeper_, wants_all() ? FaultInjector::Errnos::All : FaultInjector::Errnos::OneASite);
  if (!faults.problem().empty()) GTEST_SKIP() << faults.problem();
  std::vector<Act> all = acts();
  all.emplace_back([this] {
    const pid_t pid = supervisor();
    if (pid != 0) ::kill(pid, SIGKILL);
    // Few enough that they are no loop.
    std::this_thread::sleep_for(std::chrono::seconds{1});
  });
  walk(all, faults, true);
  EXPECT_GT(faults.sites(), 20U);
}

// What nobody has thought of, for so long that it is no moment any more: the link is given up, and no job with it.
TEST_F(ErrnoWalk, AKeeperThatCannotSendFindsASupervisorThatItCan) {
  start(kConfig);
  FaultInjector faults(keeper_, FaultInjector::Errnos::OneASite);
  if (!faults.problem().empty()) GTEST_SKIP() << faults.problem();
  Session kept = open();
  const pid_t before = supervisor();
  faults.refuse(SYS_sendmsg, EPERM);
  ASSERT_EQ(::kill(a_worker(), SIGKILL), 0);  // of which the keeper has to tell
  job_in(kept, "a job meanwhile");
  eventually("the supervisor is given up", [&] { return log().find("takes nothing") != std::string::npos; });
  faults.refuse(SYS_sendmsg, 0);
  eventually("a successor runs", [&] { return supervisor() != 0 && supervisor() != before; });
  EXPECT_TRUE(well(kept));
  EXPECT_EQ(wrongs_, std::vector<std::string>{});
  EXPECT_EQ(log().find(" cold "), std::string::npos) << log();
}

// As of a user who has used up fs.epoll.max_user_watches, which is one number for all programs of the machine.
TEST_F(ErrnoWalk, WithoutAnyWatchWhoComesIsToldAndAllElseGoesOn) {
  start(kConfig);
  FaultInjector faults(supervisor(), FaultInjector::Errnos::OneASite);
  if (!faults.problem().empty()) GTEST_SKIP() << faults.problem();
  Session kept = open();
  const pid_t before = supervisor();
  eventually("every worker is there", [this] { return workers().size() == 3; });
  faults.refuse(SYS_epoll_ctl, ENOSPC);
  ConnectOptions options;
  options.socket = socket_;
  options.busy_timeout = Duration(0);
  const auto refused = Client::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("max_user_watches"), std::string::npos) << refused.error().message;
  for (const pid_t pid : workers()) {
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    job_in(kept, "a job beside a killed worker");
  }
  eventually("every worker is back", [this] { return workers().size() == 3; });
  job_in(kept, "a job of a worker that nothing watches");
  EXPECT_NE(log().find("the kernel watches no further descriptor"), std::string::npos) << log();
  faults.refuse(SYS_epoll_ctl, 0);
  EXPECT_TRUE(well(kept));
  EXPECT_EQ(supervisor(), before);
  EXPECT_EQ(wrongs_, std::vector<std::string>{});
}

// As of a cgroup whose pids.max is reached.
TEST_F(ErrnoWalk, WithoutAnyProcessTheWorkersThatAreThereGoOn) {
  start(kConfig);
  FaultInjector faults(keeper_, FaultInjector::Errnos::OneASite);
  if (!faults.problem().empty()) GTEST_SKIP() << faults.problem();
  Session kept = open();
  const pid_t before = supervisor();
  eventually("every worker is there", [this] { return workers().size() == 3; });
  faults.refuse(SYS_clone3, EAGAIN);
  ASSERT_EQ(::kill(a_worker(), SIGKILL), 0);
  job_in(kept, "a job beside a killed worker");
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  job_in(kept, "a job without a supervisor");
  eventually("no successor can start", [this] { return log().find(std::strerror(EAGAIN)) != std::string::npos; });
  job_in(kept, "a job without a supervisor");
  faults.refuse(SYS_clone3, 0);
  EXPECT_TRUE(well(kept));
  eventually("every worker is back", [this] { return workers().size() == 3; });
  EXPECT_EQ(wrongs_, std::vector<std::string>{});
  EXPECT_EQ(log().find(" cold "), std::string::npos) << log();
}

TEST(ErrnoPlan, NamesWhatTheSurroundingsMayDoToACall) {
  const auto errnos = [](SystemCall call) {
    const auto found = errnos_for(call);
    return std::vector<int>(found.begin(), found.end());
  };
  EXPECT_EQ(errnos({SYS_epoll_ctl, {3, 1, 4}}), (std::vector<int>{ENOSPC, ENOMEM, EPERM}));
  EXPECT_TRUE(errnos({SYS_epoll_ctl, {3, 2, 4}}).empty());  // DEL needs nothing
  EXPECT_EQ(errnos({SYS_fcntl, {3, 1030, 0}}), (std::vector<int>{EMFILE}));
  EXPECT_TRUE(errnos({SYS_fcntl, {3, 1, 0}}).empty());
  EXPECT_TRUE(errnos({SYS_getpid, {}}).empty());
  EXPECT_TRUE(fails_afterwards({SYS_close, {3}}));
  EXPECT_FALSE(fails_afterwards({SYS_read, {3}}));
  EXPECT_EQ(name_of(SYS_sendmsg), "sendmsg");
}

}  // namespace
}  // namespace ringmaster::testing
