#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "client/cli/protobuf_link.h"
#include "tests/integration/daemon/pools_fixture.h"

// What created pools are made from, and what others learn of them.
namespace ringmaster {
namespace {

namespace v1 = control::v1;

class DaemonPoolTexts : public DaemonPools {
 protected:
  [[nodiscard]] std::string health_line() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_health();
    auto answer = client::ask_for(link, request, v1::Reply::kHealth);
    return answer ? answer->reply.health().line() : answer.error().message;
  }
  [[nodiscard]] std::string status_line() const {
    client::ControlLink link(socket_, "test", kPatience);
    v1::Request request;
    request.mutable_get_status();
    auto answer = client::ask_for(link, request, v1::Reply::kStatus);
    return answer ? answer->reply.status().summary() : answer.error().message;
  }
};

TEST_F(DaemonPoolTexts, AreRefusedWithOneProblemALine) {
  start_pools();
  const auto pool = client().create_pool("p", {"command = [\"/no/such\"]\nspin = \"1h\"\nnonsense = 1\n"});
  ASSERT_FALSE(pool);
  const std::string& why = pool.error().message;
  for (const char* part : {"no such file", "spin", "nonsense"}) {
    const auto at = why.find(part);
    ASSERT_NE(at, std::string::npos) << part << " in " << why;
    const std::string line = why.substr(why.rfind('\n', at) + 1, why.find('\n', at) - why.rfind('\n', at) - 1);
    EXPECT_EQ(line.find(": [pool.p] "), line.rfind(": [pool.p] ")) << "a line of its own: " << line;
  }
  EXPECT_GE(std::ranges::count(why, '\n'), 3);
}

TEST_F(DaemonPoolTexts, ThatAreNotUtf8CostNoConnection) {
  start_pools();
  Client one = client();
  const auto latin = one.create_pool("p", {"# caf\xe9\ncommand = [\"" + worker_ + "\"]\n"});
  ASSERT_FALSE(latin);
  EXPECT_NE(latin.error().message.find("not TOML"), std::string::npos) << latin.error().message;
  const auto name = one.create_pool("caf\xe9", {"command = [\"" + worker_ + "\"]\n"});
  ASSERT_FALSE(name);
  EXPECT_NE(name.error().message.find("\"caf?\" is not UTF-8"), std::string::npos) << name.error().message;
  const std::string folder = folder_ + "/caf\xe9";
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(TEST_WORKER, folder + "/here");
  const auto pool = one.create_pool("p", {"command = [\"./here\"]\nspares = 0\nworkers = 1\n", folder});
  ASSERT_TRUE(pool) << pool.error().message;
  Session session = open(pool->name());
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
}

TEST_F(DaemonPoolTexts, OfRootRunWithTheGroupsOfWhoeverCreatesThem) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  start_pools();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const gid_t groups[] = {65533};
    if (::setgroups(1, groups) != 0 || ::setgid(65534) != 0) ::_exit(1);
    auto pool = client().create_pool("p", {"command = [\"" + worker_ + "\"]\nspares = 0\nworkers = 1\n"});
    if (!pool) ::_exit(2);
    Session session = open(pool->name());
    const std::string pid(run(session, "who").text());
    std::ifstream status("/proc/" + pid.substr(0, pid.find_first_not_of("0123456789")) + "/status");
    std::string all(std::istreambuf_iterator<char>(status), {});
    if (all.find("\nUid:\t0\t0\t0\t0\n") == std::string::npos) ::_exit(3);
    if (all.find("\nGid:\t65534\t65534\t65534\t65534\n") == std::string::npos) ::_exit(4);
    if (all.find("\nGroups:\t65533 \n") == std::string::npos) ::_exit(5);
    ::_exit(0);
  }
  EXPECT_EQ(code_of(child), 0);
}

TEST_F(DaemonPoolTexts, ShowInNoSumOfOthers) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  start_pools("pools_per_uid = 4\n", "socket_mode = \"0666\"\n");
  const auto pool = client().create_pool("p", {"command = [\"" + worker_ + "\"]\nspares = 0\nworkers = 1\n"});
  ASSERT_TRUE(pool) << pool.error().message;
  const auto has = [](const std::string& line, const char* part) { return line.find(part) != std::string::npos; };
  eventually("both work", [&] { return has(health_line(), ": 2 pools, 2 workers,"); });
  EXPECT_TRUE(has(status_line(), ": 2 pools, 2 workers,"));
  const pid_t other = as_another_uid([&] {
    if (!has(health_line(), ": 1 pool, 1 worker,")) return 1;
    return has(status_line(), ": 1 pool, 1 worker,") ? 0 : 2;
  });
  EXPECT_EQ(code_of(other), 0);
}

}  // namespace
}  // namespace ringmaster
