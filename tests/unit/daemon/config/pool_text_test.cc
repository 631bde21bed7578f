#include "daemon/config/pool_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/daemon/config/fake_world.h"

namespace ringmaster::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(PoolText, LooksUpNoUserAndNoGroup) {
  World world = fake_world();
  unsigned looked = 0;
  world.user = [&](const std::string&) { return ++looked, std::optional<World::UserFacts>{}; };
  world.group = [&](const std::string&) { return ++looked, std::optional<gid_t>{}; };
  const PoolText text = text_of("user = \"x\"\ngroup = \"y\"\ncommand = [\"/bin/thumb\"]\n");
  for (const OwnRights& own : {root(), same_user()}) {
    const auto outcome = parse_pool(text, world, own, kCpus, false);
    EXPECT_EQ(outcome.problems.size(), 2U) << render_problems("p", outcome.problems);
    EXPECT_FALSE(outcome.config);
  }
  EXPECT_EQ(looked, 0U);
}

TEST(PoolText, SaysWhichKeyIsWrongOnce) {
  const std::string said = problems(text_of("group = \"nobodys\"\nhandlers = [\"nothing\"]\n"));
  EXPECT_THAT(said, Not(HasSubstr("no group")));
  EXPECT_THAT(said, HasSubstr("2 problems"));
}

TEST(PoolText, HasRelativePathsFromAnAbsoluteFolderOnly) {
  World world = fake_world();
  std::vector<std::string> looked;
  world.stat = [&, real = world.stat](const std::string& path) { return looked.push_back(path), real(path); };
  PoolText text = text_of("command = [\"./thumb\"]\nspin = \"1h\"\n");
  for (const char* folder : {"", "here", "./here"}) {
    text.folder = folder;
    const auto outcome = parse_pool(text, world, same_user(), kCpus, false);
    const std::string said = render_problems("p", outcome.problems);
    EXPECT_THAT(said, HasSubstr(text.folder.empty() ? "no folder was named" : "is not absolute")) << folder;
    EXPECT_THAT(said, HasSubstr("spin"));
    EXPECT_THAT(said, HasSubstr("2 problems"));
  }
  EXPECT_TRUE(looked.empty());
  for (const char* handlers : {"handlers = [\"mine.so\"]\n", "handlers = [\"echo\", \"./mine\"]\n"}) {
    text.text = handlers;
    text.folder.clear();
    EXPECT_THAT(problems(text), HasSubstr("no folder was named"));
  }
  for (const char* whole : {"command = [\"/bin/thumb\", \"x/y\"]\n", "handlers = [\"echo\", \"/lib/mine.so\"]\n"}) {
    text.text = whole;
    EXPECT_TRUE(parse_pool(text, fake_world(), same_user(), kCpus, false).config) << whole;
  }
  text.text = "command = [\"./thumb\"]\n";
  EXPECT_TRUE(parse_pool(text, fake_world(), root(), kCpus, true).config) << "it was accepted once";
  text.folder = "caf\xe9";
  EXPECT_THAT(problems(text), HasSubstr("caf?"));
}

TEST(PoolText, HasItsCreatorsGroupsWhereRootCreatesIt) {
  PoolText text = text_of("command = [\"/bin/thumb\"]\n", 0);
  OwnRights own = root();
  own.gid = 1001;
  own.groups = {8, 7};
  EXPECT_EQ(accepted(text, own).uid, std::nullopt) << "in another order, they are the daemon's";
  own.groups = {7, 8, 9};
  const PoolConfig pool = accepted(text, own);
  EXPECT_EQ(pool.uid, 0U);
  EXPECT_EQ(pool.gid, 1001U);
  EXPECT_EQ(pool.groups, (std::vector<gid_t>{7, 8}));
  own.groups = {7, 8};
  own.gid = 0;
  EXPECT_EQ(accepted(text, own).gid, 1001U);
  EXPECT_EQ(accepted(text_of("command = [\"/bin/thumb\"]\n"), same_user()).uid, std::nullopt)
      << "a daemon that is not root cannot change them";
}

TEST(PoolText, HasAsManyAtLeastAsItsCreatorSays) {
  const auto range_with = [](const std::string& workers, unsigned most, unsigned least) {
    PoolText text = text_of("command = [\"/bin/thumb\"]\n" + workers);
    text.workers = most;
    text.min_workers = least;
    return range_of(accepted(text, same_user()));
  };
  EXPECT_EQ(range_with("workers = 4\n", 0, 1), (core::WorkerRange{1, 4}));
  EXPECT_EQ(range_with("workers = { min = 2, max = 8 }\n", 0, 0), (core::WorkerRange{2, 8}));
  EXPECT_EQ(range_with("workers = { min = 2, max = 8 }\n", 0, 4), (core::WorkerRange{4, 8}));
  EXPECT_EQ(range_with("workers = { min = 2, max = 8 }\n", 6, 0), (core::WorkerRange{6, 6})) << "as workers";
  EXPECT_EQ(range_with("", 6, 3), (core::WorkerRange{3, 6}));
  PoolText text = text_of("command = [\"/bin/thumb\"]\nworkers = 4\n");
  text.min_workers = 5;
  EXPECT_THAT(problems(text), HasSubstr("at least 5"));
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
