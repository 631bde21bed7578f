#include "daemon/config/pool_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/daemon/config/fake_world.h"

namespace ringmaster::config {
namespace {

using ::testing::HasSubstr;

constexpr unsigned kCpus = 3;

PoolText text_of(const std::string& toml, uid_t creator = 1000) {
  PoolText text;
  text.name = "p";
  text.text = toml;
  text.folder = "/here";
  text.creator = {creator, 1001, {7, 8}, 2, {{RLIMIT_NOFILE, {100, 200}}, {RLIMIT_CORE, {0, RLIM_INFINITY}}}};
  return text;
}

OwnRights root() { return {0, -5, {{RLIMIT_NOFILE, 1000}}}; }
OwnRights same_user() { return {1000, 4, {{RLIMIT_NOFILE, 150}, {RLIMIT_CORE, RLIM_INFINITY}}}; }

PoolConfig accepted(const PoolText& text, const OwnRights& own) {
  auto outcome = parse_pool(text, fake_world(), own, kCpus, false);
  EXPECT_TRUE(outcome.config) << render_problems("p", outcome.problems);
  return outcome.config.value_or(PoolConfig{});
}
std::string problems(const PoolText& text, const OwnRights& own = same_user()) {
  const auto outcome = parse_pool(text, fake_world(), own, kCpus, false);
  return outcome.config ? std::string{} : render_problems("p", outcome.problems);
}

TEST(PoolText, RunsAsItsCreatorUnderADaemonThatIsRoot) {
  const PoolConfig pool = accepted(text_of("command = [\"/home/x/worker\", \"-v\"]\nworkers = 2\n"), root());
  EXPECT_EQ(pool.name, "u1000.p");
  EXPECT_EQ(pool.owner, 1000U);
  EXPECT_EQ(pool.uid, 1000U);
  EXPECT_EQ(pool.gid, 1001U);
  EXPECT_EQ(pool.groups, (std::vector<gid_t>{7, 8}));
  EXPECT_EQ(pool.nice, 2);
  EXPECT_EQ(pool.command, (std::vector<std::string>{"/home/x/worker", "-v"})) << "not looked up";
  ASSERT_EQ(pool.rlimits.size(), 2U);
  EXPECT_EQ(pool.rlimits[0], (Rlimit{RLIMIT_NOFILE, 200, 100}));
  EXPECT_EQ(pool.rlimits[1], (Rlimit{RLIMIT_CORE, RLIM_INFINITY, 0}));
}

TEST(PoolText, RunsAsTheDaemonWhereThatIsItsCreatorsUser) {
  const PoolConfig pool = accepted(text_of("command = [\"/bin/thumb\"]\n[rlimits]\nnofile = 180\n"), same_user());
  EXPECT_EQ(pool.owner, 1000U);
  EXPECT_EQ(pool.uid, std::nullopt);
  EXPECT_EQ(pool.nice, 4) << "the daemon's own is higher, and cannot be lowered";
  EXPECT_EQ(pool.rlimits[0], (Rlimit{RLIMIT_NOFILE, 150, 150})) << "nor can its limits be raised";
  EXPECT_EQ(pool.workers, kCpus);
  EXPECT_EQ(seats_of(pool), kCpus + 1);
}

TEST(PoolText, LooksUpNoPathOfAnotherUser) {
  World world = fake_world();
  std::vector<std::string> looked;
  world.stat = [&](const std::string& path) -> std::optional<World::FileFacts> {
    looked.push_back(path);
    return std::nullopt;
  };
  const std::string paths = "working_directory = \"/home/x\"\n";
  for (const char* what : {"command = [\"/home/x/w\"]\n", "command = [\"w/x\"]\n", "handlers = [\"/home/x.so\"]\n"}) {
    EXPECT_TRUE(parse_pool(text_of(paths + what), world, root(), kCpus, false).config) << what;
    EXPECT_TRUE(parse_pool(text_of(paths + what), world, root(), kCpus, true).config) << what << ", a successor";
  }
  EXPECT_TRUE(looked.empty());
  const auto bare = parse_pool(text_of("command = [\"node\"]\n"), world, root(), kCpus, false);
  EXPECT_THAT(render_problems("p", bare.problems), HasSubstr("whole path"));
  EXPECT_EQ(looked, (std::vector<std::string>{"/usr/bin/node", "/bin/node"})) << "of the daemon's own folders";
}

TEST(PoolText, ListsEverythingThatIsWrong) {
  const std::string said =
      problems(text_of("user = \"root\"\ngroup = \"clients\"\nnice = 1\nnonsense = 2\n"
                       "command = [\"/absent\"]\n[rlimits]\nnofile = 201\n"));
  for (const char* part : {"user", "group", "nice", "nonsense", "no such file", "rlimits"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
  EXPECT_THAT(problems(text_of("[[[")), HasSubstr("not TOML"));
  EXPECT_THAT(problems(text_of(std::string(kMaxPoolText + 1, '#'))), HasSubstr("64 KiB"));
  EXPECT_THAT(problems(text_of("handlers = [\"nothing\"]\n")), HasSubstr("no stock handler"));
  EXPECT_THAT(problems(text_of("handlers = [\"nothing\"]\n"), root()), HasSubstr("no stock handler"));
}

TEST(PoolText, HasSeatsForWhatItMayBecome) {
  PoolText text = text_of("command = [\"/bin/thumb\"]\nworkers = 2\nspares = 1\n");
  text.most_workers = 6;
  EXPECT_EQ(seats_of(accepted(text, same_user())), 7U);
  text.workers = 4;
  EXPECT_EQ(accepted(text, same_user()).workers, 4U);
  for (const auto& [workers, most] : {std::pair{7U, 6U}, {4U, 256U}, {0xFFFFFFFFU, 0U}, {1U, 0xFFFFFFFFU}}) {
    text.workers = workers;
    text.most_workers = most;
    EXPECT_THAT(problems(text), HasSubstr("workers")) << workers << " " << most;
  }
}

TEST(PoolText, IsReadAsItWasWritten) {
  PoolText text = text_of("x = 1\n");
  text.workers = 3;
  text.most_workers = 9;
  text.stock = "/stock\necho.so\n";
  const auto fd = write_pool_text(text);
  ASSERT_TRUE(fd);
  const auto read = read_pool_text(fd->get());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, text);
  const auto bytes = encode_pool_text(text);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_pool_text(std::span(bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace ringmaster::config
