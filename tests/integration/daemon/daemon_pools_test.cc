#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "client/control/pool_creation.h"
#include "tests/integration/daemon/pools_fixture.h"

namespace ringmaster {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr unsigned kOther = 65534;  // as_another_uid

std::string field(const std::string& pid, const std::string& file, const std::string& name) {
  std::ifstream status("/proc/" + pid + "/" + file);
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name, 0) == 0)
      return line.substr(std::min(line.size(), line.find_first_not_of(" \t:", name.size())));
  }
  return {};
}

TEST_F(DaemonPools, ServesAndIsGoneWithItsOwner) {
  start_pools();
  {
    const CreatedPool pool = create();
    EXPECT_EQ(pool.name(), "u" + std::to_string(::getuid()) + ".p");
    Session session = open(pool.name());
    EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
    const v1::Status now = status();
    ASSERT_EQ(now.pools_size(), 2);
    EXPECT_FALSE(now.pools(0).has_owner());
    EXPECT_EQ(now.pools(1).owner(), ::getuid());
    EXPECT_EQ(now.pools(1).workers_wanted(), 1U);
    const auto message = client().run(pool.name(), "echo", std::as_bytes(std::span("y", 1)));
    ASSERT_TRUE(message) << message.error().message;
    EXPECT_EQ(message->text(), "y");
  }
  expect_only_the_configuration();
  EXPECT_THROW((void)open("u" + std::to_string(::getuid()) + ".p"), std::runtime_error);
  const CreatedPool again = create();
  EXPECT_EQ(status().pools(1).counters().done(), 0U) << "the counts of the one before are not its own";
}

TEST_F(DaemonPools, IsGoneWithAProcessThatIsKilled) {
  start_pools();
  const pid_t owner = ::fork();
  if (owner == 0) {
    const CreatedPool pool = create();
    ::raise(SIGKILL);
  }
  EXPECT_EQ(code_of(owner), -SIGKILL);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, IsGoneWithItsOwnerThoughAForkedChildLivesOn) {
  start_pools();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd childs(ends[0]);
  UniqueFd ours(ends[1]);
  const pid_t owner = ::fork();
  if (owner == 0) {
    ours.reset();
    const CreatedPool pool = create();
    if (::fork() == 0) {
      char byte;
      (void)!::read(childs.get(), &byte, 1);  // until this test is over
      ::_exit(0);
    }
    ::raise(SIGKILL);
  }
  EXPECT_EQ(code_of(owner), -SIGKILL);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, IsUsedWhileItIsDropped) {
  start_pools();
  Client one = client();
  auto pool = one.create_pool("p", {text()});
  ASSERT_TRUE(pool) << pool.error().message;
  auto session = one.open(pool->name());
  ASSERT_TRUE(session) << session.error().message;
  PendingJob running = submit(*session, "hang");
  eventually("it runs", [this] { return jobs_running() == 1; });
  Result<void> dropped;
  std::thread dropping([&] { dropped = pool->drop(60s); });
  eventually("it is removed", [this] {
    const v1::Status now = status();
    return now.pools_size() == 2 && now.pools(1).state() == "stopping";
  });
  EXPECT_FALSE(pool->resize(1)) << "answered, not waited for";
  (void)running.cancel(Force{0ms});
  EXPECT_EQ(running.wait().cause(), Cause::CancelledByForce) << "what the drop waits for";
  dropping.join();
  EXPECT_TRUE(dropped) << dropped.error().message;
}

TEST_F(DaemonPools, AnotherOneOfItsNameIsNotDroppedInItsPlace) {
  start_pools();
  CreatedPool first = create();
  client::ControlLink link(socket_, "test", kPatience);
  ASSERT_TRUE(client::drop_pool(link, {"p"}, 0s));
  const CreatedPool second = create();
  EXPECT_TRUE(first.drop()) << "again is harmless";
  EXPECT_FALSE(first.resize(1));
  Session session = open(second.name());
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
}

TEST_F(DaemonPools, EndsQueuedJobsAsRemovedAndLetsRunningOnesEnd) {
  start_pools();
  CreatedPool pool = create();
  Session session = open(pool.name());
  PendingJob running = submit(session, "sleep", {{"ms", "4000"}});
  eventually("it runs", [this] { return jobs_running() == 1; });
  PendingJob queued = submit(session, "echo");
  const auto dropped = pool.drop(60s);
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(pools(), std::vector<std::string>{"t"}) << "answered when nothing is left";
  EXPECT_EQ(running.wait().status(), Status::Done);
  const Outcome outcome = queued.wait();
  EXPECT_EQ(outcome.cause(), Cause::PoolRemoved) << outcome.describe();
  EXPECT_EQ(outcome.status(), Status::Lost);
  EXPECT_TRUE(pool.drop()) << "again is harmless";
  EXPECT_FALSE(session.submit("echo", Request{}));
}

TEST_F(DaemonPools, KillsWhatRunsLongerThanItMay) {
  start_pools();
  CreatedPool pool = create();
  Session session = open(pool.name());
  PendingJob running = submit(session, "hang");
  eventually("it runs", [this] { return jobs_running() == 1; });
  ASSERT_TRUE(pool.drop(0s));
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.status(), Status::Lost);
  EXPECT_EQ(outcome.cause(), Cause::PoolRemoved) << outcome.describe();
  EXPECT_EQ(count_in(log(), "cause=\"killed at the end of its pool\" jobs="), 1U);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, IsResizedUpToWhatItWasCreatedFor) {
  start_pools();
  CreatedPool pool = create("p", 1, 3);
  eventually("one works", [this] { return active() == 1; });
  ASSERT_TRUE(pool.resize(3));
  eventually("three work", [this] { return active() == 3; });
  ASSERT_TRUE(pool.resize(2));
  eventually("two work", [this] { return active() == 2 && workers().size() == 3; });
  EXPECT_EQ(status().pools(1).workers_wanted(), 2U);
  for (const unsigned wrong : {0U, 4U, 0xFFFFFFFFU}) EXPECT_FALSE(pool.resize(wrong)) << wrong;
  EXPECT_EQ(active(), 2);
}

TEST_F(DaemonPools, OutlivesTheSupervisorWithItsWorkersAndSessions) {
  start_pools();
  CreatedPool pool = create("p", 1, 2);
  ASSERT_TRUE(pool.resize(2));
  Session session = open(pool.name());
  eventually("both are there", [this] { return active() == 2; });
  const auto before = all_workers();
  PendingJob running = submit(session, "sleep", {{"ms", "500"}});
  replace_supervisor();
  EXPECT_EQ(running.wait().status(), Status::Done);
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  EXPECT_EQ(workers(), before);
  EXPECT_EQ(status().pools(1).workers_wanted(), 2U) << "as it was resized";
  ASSERT_TRUE(pool.resize(1));
  replace_supervisor();
  ASSERT_TRUE(pool.drop());
  expect_only_the_configuration();
}

TEST_F(DaemonPools, OfAnOwnerThatDiesWhileNoSupervisorLivesIsRemovedByTheSuccessor) {
  start_pools();
  {
    const CreatedPool pool = create();
    (void)a_worker();
    ASSERT_EQ(::kill(keeper_, SIGSTOP), 0);
    ASSERT_EQ(::kill(supervisor(), SIGKILL), 0);
  }
  ASSERT_EQ(::kill(keeper_, SIGCONT), 0);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, DrainsOnUnderASuccessor) {
  start_pools();
  CreatedPool pool = create();
  Session session = open(pool.name());
  PendingJob running = submit(session, "sleep", {{"ms", "5000"}});
  eventually("it runs", [this] { return jobs_running() == 1; });
  { const CreatedPool gone = std::move(pool); }
  eventually("it is removed", [this] {
    const v1::Status now = status();
    return now.pools_size() == 2 && now.pools(1).state() == "stopping";
  });
  replace_supervisor();
  EXPECT_EQ(running.wait().status(), Status::Done);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, RunsAsItsCreatorWithNoMoreThanItHas) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  start_pools("pools_per_uid = 4\n", "socket_mode = \"0666\"\n");
  const pid_t child = as_another_uid([this] {
    const rlimit descriptors{100, 200};
    const int nice = std::max(::getpriority(PRIO_PROCESS, 0) + 2, 2);
    if (::setrlimit(RLIMIT_NOFILE, &descriptors) != 0 || ::setpriority(PRIO_PROCESS, 0, nice) != 0) return 1;
    if (refusal("p", {text("nice = 1\n")}).find("nice") == std::string::npos) return 2;
    if (refusal("p", {text("[rlimits]\nnofile = 201\n")}).find("rlimits") == std::string::npos) return 3;
    if (refusal("p", {text("user = \"root\"\n")}).find("creator") == std::string::npos) return 4;
    if (!refusal("q", {text("[rlimits]\nnofile = 80\n")}).empty()) return 5;
    const CreatedPool pool = create();
    if (pool.name() != "u65534.p") return 6;
    Session session = open(pool.name());
    const std::string pid = workers_pid(session);
    if (field(pid, "status", "Uid") != "65534\t65534\t65534\t65534") return 7;
    if (field(pid, "status", "Gid") != "65534\t65534\t65534\t65534") return 8;
    if (!field(pid, "status", "Groups").empty()) return 9;
    if (::getpriority(PRIO_PROCESS, static_cast<id_t>(std::stoi(pid))) != nice) return 10;
    const std::string limit = field(pid, "limits", "Max open files");
    if (limit.rfind("100 ", 0) != 0 || limit.find(" 200 ") == std::string::npos) return 11;
    return 0;
  });
  EXPECT_EQ(code_of(child), 0);
  expect_only_the_configuration();
}

TEST_F(DaemonPools, IsNobodyElses) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  start_pools("pools_per_uid = 4\n", "socket_mode = \"0666\"\n");
  const CreatedPool pool = create("secret");
  const pid_t child = as_another_uid([this] {
    if (pools() != std::vector<std::string>{"t"}) return 1;
    const auto listed = client().handlers();
    if (!listed || listed->size() != 1) return 2;
    const auto opened = client().open("u0.secret");
    if (opened || opened.error().message.find("there is \"t\"") == std::string::npos) return 3;
    const auto ran = client().run("u0.secret", "echo", {});
    if (ran && ran->status() != Status::Refused) return 4;
    client::ControlLink link(socket_, "test", kPatience);
    if (client::drop_pool(link, {"u0.secret"}, std::nullopt) || client::drop_pool(link, {"secret"}, std::nullopt))
      return 5;
    if (client::resize_pool(link, {"u0.secret"}, 1, 0)) return 6;
    if (refusal("u0.secret", {text()}).find("cannot name a pool") == std::string::npos) return 7;
    const CreatedPool own = create("secret");
    if (own.name() != "u65534.secret") return 8;
    return 0;
  });
  EXPECT_EQ(code_of(child), 0);
  Session session = open(pool.name());
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
}

TEST_F(DaemonPools, AreRefusedWithWhatToDo) {
  start_pools("pools_per_uid = 2\nworkers_per_uid = 5\n");
  EXPECT_NE(refusal("p", {"[[["}).find("not TOML"), std::string::npos);
  const std::string wrong = refusal("p", {"command = [\"/no/such\"]\nspin = \"1h\"\nnonsense = 1\n"});
  for (const char* part : {"no such file", "spin", "nonsense", "3 problems"}) {
    EXPECT_NE(wrong.find(part), std::string::npos) << part << " in " << wrong;
  }
  EXPECT_NE(refusal("p", {std::string(70'000, '#')}).find("64 KiB"), std::string::npos);
  EXPECT_NE(refusal("a/b", {text()}).find("cannot name a pool"), std::string::npos);
  EXPECT_NE(refusal("p", {text(), {}, 300}).find("256"), std::string::npos);
  EXPECT_NE(refusal("p", {text(), {}, 3, 2}).find("at most"), std::string::npos);
  EXPECT_NE(refusal("p", {text(), {}, 6}).find("workers_per_uid"), std::string::npos);
  const CreatedPool one = create("a", 1, 3);
  EXPECT_NE(refusal("a", {text()}).find("already"), std::string::npos);
  EXPECT_NE(refusal("b", {text(), {}, 3}).find("workers_per_uid"), std::string::npos);
  const CreatedPool two = create("b");
  EXPECT_NE(refusal("c", {text()}).find("pools_per_uid"), std::string::npos);
}

TEST_F(DaemonPools, MayBeTheOnlyOnesOfADaemon) {
  start_with("[limits]\npools_per_uid = 2\n[pool]\n");
  EXPECT_EQ(status().health(), "healthy");
  const CreatedPool pool = create();
  Session session = open(pool.name());
  replace_supervisor();
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
  eventually("it serves again", [this] { return status().health() == "healthy"; });
}

TEST_F(DaemonPools, AreOffInADaemonThatOthersReach) {
  start_pools("", "socket_mode = \"0660\"\n");
  EXPECT_NE(refusal("p", {text()}).find("pools_per_uid"), std::string::npos);
}

}  // namespace
}  // namespace ringmaster
