#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/integration/daemon/daemon_fixture.h"

namespace ringmaster {
namespace {

// What a daemon that serves runs out of, as its surroundings take it away: who asks is refused with a sentence, jobs go
// on, and with what is given back everything does.
class DaemonExhaustion : public DaemonTest {
 protected:
  static constexpr int kAttempts = 24;

  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs descriptors and memory of its own";
#endif
    DaemonTest::SetUp();
  }

  // Only the soft limit, which anybody may raise again.
  rlimit tighten(pid_t pid, __rlimit_resource resource, rlim_t soft) {
    rlimit before{};
    EXPECT_EQ(::prlimit(pid, resource, nullptr, &before), 0);
    const rlimit tight{soft, before.rlim_max};
    EXPECT_EQ(::prlimit(pid, resource, &tight, nullptr), 0);
    return before;
  }
  static rlim_t descriptors_of(pid_t pid) {
    rlim_t highest = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
      highest = std::max<rlim_t>(highest, std::stoul(entry.path().filename().string()) + 1);
    }
    return highest;
  }
  static rlim_t address_space_of(pid_t pid) {
    std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
    rlim_t pages = 0;
    statm >> pages;
    return pages * 4096;
  }

  // Sessions that stay open, as many as there are; the sentences of the refused.
  std::vector<std::string> open_many(std::vector<Session>& opened, const SessionOptions& wishes = {}) {
    std::vector<std::string> refusals;
    for (int i = 0; i < kAttempts; ++i) {
      ConnectOptions options;
      options.socket = socket_;
      options.busy_timeout = Duration(0);
      auto client = Client::connect(options);
      auto session = client ? client->open("t", wishes) : Result<Session>(client.error());
      if (session) {
        opened.push_back(std::move(*session));
      } else {
        refusals.push_back(session.error().message);
      }
    }
    return refusals;
  }
  void works(Session& session) {
    const Outcome outcome = run(session, "echo", {}, {}, "goes on");
    EXPECT_EQ(outcome.text(), "goes on") << outcome.describe();
  }
  void well_again() {
    eventually("a new session has a job done", [this] {
      ConnectOptions options;
      options.socket = socket_;
      auto client = Client::connect(options);
      auto session = client ? client->open("t") : Result<Session>(client.error());
      if (!session) return false;
      auto job = session->submit("echo", Request{});
      if (!job) return false;
      const auto outcome = job->wait_for(kPatience);
      return outcome && outcome->ok();
    });
    eventually("every worker is back", [this] { return workers().size() == 3; });
    EXPECT_EQ(log().find(" cold "), std::string::npos) << log();
  }
};

TEST_F(DaemonExhaustion, OfTheSupervisorsDescriptors) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root: nobody else sees how many a daemon has";
  start();
  Session kept = open();
  works(kept);
  const pid_t pid = supervisor();
  const rlimit before = tighten(pid, RLIMIT_NOFILE, descriptors_of(pid) + 12);
  std::vector<Session> opened;
  const std::vector<std::string> refusals = open_many(opened);
  EXPECT_FALSE(refusals.empty());
  for (const std::string& why : refusals) EXPECT_NE(why.find("descriptor"), std::string::npos) << why;
  works(kept);
  ASSERT_EQ(::kill(a_worker(), SIGKILL), 0);
  works(kept);
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
  opened.clear();
  well_again();
  works(kept);
  EXPECT_EQ(supervisor(), pid);
}

TEST_F(DaemonExhaustion, OfTheKeepersDescriptors) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root: nobody else sees how many a daemon has";
  start();
  Session kept = open();
  works(kept);
  const pid_t pid = supervisor();
  const rlimit before = tighten(keeper_, RLIMIT_NOFILE, descriptors_of(keeper_) + 8);
  std::vector<Session> opened;
  const std::vector<std::string> refusals = open_many(opened);
  EXPECT_FALSE(refusals.empty());
  for (const std::string& why : refusals) EXPECT_NE(why.find("descriptors"), std::string::npos) << why;
  works(kept);
  // A successor needs descriptors too: it comes when there are some.
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  works(kept);
  ASSERT_EQ(::kill(a_worker(), SIGKILL), 0);
  works(kept);
  ASSERT_EQ(::prlimit(keeper_, RLIMIT_NOFILE, &before, nullptr), 0);
  opened.clear();
  well_again();
  works(kept);
}

TEST_F(DaemonExhaustion, OfTheSupervisorsAddressSpace) {
  start("run_timeout = \"20s\"\nsession = { request_ring_max = \"256MiB\", result_ring_max = \"256MiB\" }\n");
  Session kept = open();
  works(kept);
  const pid_t pid = supervisor();
  const rlimit before = tighten(pid, RLIMIT_AS, address_space_of(pid) + (2 << 20));
  SessionOptions many;
  many.slots = 4096;
  std::vector<Session> opened;
  const std::vector<std::string> refusals = open_many(opened, many);
  EXPECT_FALSE(refusals.empty());
  for (const std::string& why : refusals) EXPECT_NE(why.find("memory"), std::string::npos) << why;
  works(kept);
  opened.clear();
  if (supervisor() == pid) {
    ASSERT_EQ(::prlimit(pid, RLIMIT_AS, &before, nullptr), 0);
  }
  well_again();
  works(kept);
}

TEST_F(DaemonExhaustion, OfTheSupervisorsLastMemory) {
  start();
  Session kept = open();
  works(kept);
  const pid_t pid = supervisor();
  const rlimit before = tighten(pid, RLIMIT_AS, address_space_of(pid));
  const std::string large((2 << 20) - 4096, 'x');
  std::mutex mutex;
  std::vector<std::string> refusals;
  std::vector<std::thread> clients;
  for (int i = 0; i < kAttempts; ++i) {
    clients.emplace_back([&] {
      ConnectOptions options;
      options.socket = socket_;
      options.busy_timeout = Duration(0);
      auto client = Client::connect(options);
      const auto outcome =
          client ? client->run("t", "echo", std::as_bytes(std::span(large))) : Result<Outcome>(client.error());
      const std::lock_guard lock(mutex);
      if (!outcome) refusals.push_back(outcome.error().message);
    });
  }
  works(kept);
  for (std::thread& client : clients) client.join();
  works(kept);
  for (const std::string& why : refusals) EXPECT_NE(why.find("memory"), std::string::npos) << why;
  // So many at once may take the reserve too: then there is a successor, without that limit.
  if (supervisor() == pid) {
    ASSERT_EQ(::prlimit(pid, RLIMIT_AS, &before, nullptr), 0);
  }
  well_again();
  works(kept);
}

// The limit of the workers' user, who is not root's: that one has none.
TEST_F(DaemonExhaustion, OfProcesses) {
  const bool root = ::getuid() == 0;
  if (root) {
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    const std::string program = folder_ + "/worker";
    std::filesystem::copy_file(TEST_WORKER, program);
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    start_with("[pool.t]\ncommand = [\"" + program + "\"]\nworkers = 2\nspares = 1\nuser = \"nobody\"\n");
  } else {
    start();
  }
  eventually("every worker is there", [this] { return workers().size() == 3; });
  Session kept = open();
  works(kept);
  const pid_t pid = supervisor();
  const rlimit before = tighten(keeper_, RLIMIT_NPROC, 1);
  const pid_t victim = a_worker();
  ASSERT_EQ(::kill(victim, SIGKILL), 0);
  eventually("none takes its place", [this] { return log().find(std::strerror(EAGAIN)) != std::string::npos; });
  works(kept);
  Session another = open();
  works(another);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  works(kept);
  ASSERT_EQ(::prlimit(keeper_, RLIMIT_NPROC, &before, nullptr), 0);
  well_again();
  works(kept);
}

}  // namespace
}  // namespace ringmaster
