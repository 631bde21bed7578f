#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/config/stock_list.h"
#include "tests/unit/daemon/config/fake_world.h"

namespace ringmaster::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> problems(std::string_view text, const World& world = fake_world()) {
  std::vector<std::string> texts;
  for (const auto& problem : parse_config(text, world).problems) texts.push_back(problem.text);
  return texts;
}

/// What is wrong with one line inside [pool.a]; exactly one problem, on that line.
std::string pool_problem(const std::string& line, const World& world = fake_world()) {
  const auto outcome = parse_config("[pool.a]\n" + line + "\n", world);
  EXPECT_EQ(outcome.problems.size(), 1U) << line << "\n" << render_problems("test.toml", outcome.problems);
  EXPECT_FALSE(outcome.config);
  if (outcome.problems.empty()) return {};
  EXPECT_GE(outcome.problems[0].line, 2U) << line;
  return outcome.problems[0].text;
}

TEST(ConfigProblems, OldNamesOfKeysAreReadWithAWarning) {
  const auto outcome = parse_config(R"([pool.a]
run_deadline = "7s"
queue_deadline = "8s"
max_deadline = "9m"
[pool.a.session]
request_default = "1MiB"
reply_default = "2MiB"
request_max = "3MiB"
reply_max = "4MiB"
queue_limit = 5
)",
                                    fake_world());
  ASSERT_TRUE(outcome.config);
  const PoolConfig& pool = outcome.config->pools.at(0);
  EXPECT_EQ(pool.run_timeout, std::chrono::seconds{7});
  EXPECT_EQ(pool.queue_timeout, std::chrono::seconds{8});
  EXPECT_EQ(pool.max_timeout, std::chrono::minutes{9});
  EXPECT_EQ(pool.session.request_ring, core::mib(1));
  EXPECT_EQ(pool.session.result_ring, core::mib(2));
  EXPECT_EQ(pool.session.request_ring_max, core::mib(3));
  EXPECT_EQ(pool.session.result_ring_max, core::mib(4));
  EXPECT_EQ(pool.session.slots, 5U);
  ASSERT_EQ(outcome.warnings.size(), 8U);
  EXPECT_EQ(outcome.warnings[0].text,
            "[pool.a] run_deadline: is called run_timeout now; the next version knows only that name");
  EXPECT_EQ(outcome.warnings[0].line, 2U);
}

TEST(ConfigProblems, AnOldNameBesideTheNewOneIsRefused) {
  EXPECT_THAT(problems("[pool.a]\nrun_deadline = \"7s\"\nrun_timeout = \"8s\"\n"),
              ElementsAre("[pool.a] run_deadline: is the old name of run_timeout, which is there too; leave it out"));
}

TEST(ConfigProblems, AreListedAllAtOnceWithTheirPlace) {
  const auto outcome = parse_config(R"([daemon]
sockt = "/x"
log_level = "loud"
[pool.images]
workers = 0
  run_timeout = 30
[pool.images.restart]
budgett = 1
[pol.x]
)",
                                    fake_world());
  EXPECT_EQ(render_problems("r.toml", outcome.problems),
            "r.toml:2:1: [daemon] sockt: no such key; did you mean \"socket\"?\n"
            "r.toml:3:1: [daemon] log_level: must be one of \"debug\", \"info\", \"warning\", \"error\"\n"
            "r.toml:5:1: [pool.images] workers: 0 is out of range, 1 to 256\n"
            "r.toml:6:3: [pool.images] run_timeout: must be a duration in quotes, such as \"30s\", is an integer\n"
            "r.toml:8:1: [pool.images.restart] budgett: no such key; did you mean \"budget\"?\n"
            "r.toml:9:2: pol: no such key; did you mean \"pool\"?\n"
            "r.toml: 6 problems");
}

TEST(ConfigProblems, OfAnInheritedTextAreWarningsThatLeaveTheOtherPoolsAlone) {
  World world = fake_world();
  world.trusted = true;
  const auto outcome = parse_config(R"([daemon]
socket_group = "gone"
[pool.upgraded]
handlers = ["/lib/gone.so"]
working_directory = "/gone"
[pool.programs]
command = ["/gone/thumb", "-x"]
[pool.users]
user = "gone"
[pool.stock]
handlers = ["gone"]
[pool.well]
)",
                                    world);
  ASSERT_TRUE(outcome.config) << render_problems("inherited", outcome.problems);
  EXPECT_EQ(outcome.warnings.size(), 6U) << render_problems("inherited", outcome.warnings);
  const auto& pools = outcome.config->pools;
  ASSERT_EQ(pools.size(), 5U);
  // The spawn tells, where it can.
  EXPECT_THAT(pools[0].handlers, ElementsAre("/lib/gone.so"));
  EXPECT_THAT(pools[1].command, ElementsAre("/gone/thumb", "-x"));
  for (const auto at : {0, 1, 4}) EXPECT_EQ(pools[at].unusable, "") << at;
  // No worker may run as another user, or with other handlers.
  EXPECT_THAT(pools[2].unusable, HasSubstr("no user \"gone\""));
  EXPECT_THAT(pools[3].unusable, HasSubstr("no stock handler \"gone\""));
  world.trusted = false;
  EXPECT_FALSE(parse_config("[pool.a]\nhandlers = [\"/lib/gone.so\"]\n", world).config);
  world.trusted = true;
  EXPECT_FALSE(parse_config("[pool.a]\nworkers = 0\n", world).config) << "an impossible value stays one";
}

TEST(ConfigProblems, StockHandlersStayWhatTheyWereWhenTheDaemonStarted) {
  const std::string kept = to_text(stock_list(fake_world()));
  World upgraded = fake_world();
  upgraded.list = [](const std::string&) -> std::vector<std::string> { return {"echo.so", "new.so"}; };
  upgraded.trusted = true;
  set_stock_list(upgraded, kept);
  const auto outcome = parse_config("", upgraded);
  ASSERT_TRUE(outcome.config);
  EXPECT_THAT(outcome.config->pools[0].handlers, ElementsAre("/stock/echo.so", "/stock/thumbnail.so"));
  set_stock_list(upgraded, "");
  EXPECT_EQ(to_text(stock_list(upgraded)), kept);
}

TEST(ConfigProblems, NameTheLineOfASyntaxError) {
  const auto outcome = parse_config("[daemon]\nsocket = \n", fake_world());
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.problems[0].line, 2U);
  EXPECT_THAT(outcome.problems[0].text, HasSubstr("not TOML"));
  EXPECT_EQ(parse_config("[pool.a]\n[pool.a]\n", fake_world()).problems.size(), 1U) << "a pool's name twice";
}

TEST(ConfigProblems, NameACharacterThatABackslashTakesBlanksAwayFrom) {
  const auto outcome = parse_config("[pool.a]\nuser = \"\"\"\\\n  \xC3\xA9\"\"\"\n", fake_world());
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.problems[0].line, 3U);
  EXPECT_THAT(outcome.problems[0].text, HasSubstr("a backslash before \"\xC3\xA9\" cannot be read"));
}

TEST(ConfigProblems, CommandsThatCannotRun) {
  EXPECT_EQ(pool_problem("command = [\"./thumb\"]"), "[pool.a] command: \"./thumb\": no such file");
  EXPECT_EQ(pool_problem("command = [\"/here/thumb\"]"),
            "[pool.a] command: \"/here/thumb\": not executable (mode 0644); chmod +x it");
  EXPECT_EQ(pool_problem("command = [\"/srv\"]"), "[pool.a] command: \"/srv\": not a file");
  EXPECT_EQ(pool_problem("command = [\"nowhere\"]"), "[pool.a] command: \"nowhere\": not found in /usr/bin:/bin");
  EXPECT_THAT(pool_problem("command = []"), HasSubstr("names no program"));
  EXPECT_THAT(pool_problem("command = [\"\"]"), HasSubstr("empty"));
  EXPECT_THAT(pool_problem("command = \"thumb\""), HasSubstr("must be a list of strings, is a string"));
  EXPECT_THAT(pool_problem("command = [\"thumb\"]\nhandlers = [\"echo\"]"), HasSubstr("not both"));
}

TEST(ConfigProblems, HandlersThatAreNotThere) {
  EXPECT_EQ(
      pool_problem("handlers = [\"thumbnial\"]"),
      "[pool.a] handlers: no stock handler \"thumbnial\"; there are: echo, thumbnail; did you mean \"thumbnail\"?");
  EXPECT_EQ(pool_problem("handlers = [\"/lib/none.so\"]"), "[pool.a] handlers: \"/lib/none.so\": no such file");
  EXPECT_THAT(pool_problem("handlers = [\"echo\", \"all\"]"), HasSubstr("named twice"));
  World bare = fake_world();
  bare.handler_folders = {"/absent"};
  EXPECT_THAT(problems("", bare), ElementsAre(HasSubstr("no stock handlers in /absent")));
}

TEST(ConfigProblems, UsersGroupsAndFolders) {
  EXPECT_THAT(pool_problem("user = \"nobody-here\""), HasSubstr("no user \"nobody-here\""));
  EXPECT_THAT(pool_problem("group = \"nobody-here\""), HasSubstr("no group \"nobody-here\""));
  EXPECT_THAT(pool_problem("working_directory = \"/nowhere\""), HasSubstr("no such folder"));
  EXPECT_THAT(pool_problem("working_directory = \"/etc/passwd\""), HasSubstr("not a folder"));
  EXPECT_THAT(pool_problem("working_directory = \"srv\""), HasSubstr("not absolute"));
  World user = fake_world();
  user.euid = 1234;
  EXPECT_THAT(pool_problem("user = \"worker\"", user), HasSubstr("only root"));
  EXPECT_THAT(pool_problem("group = \"clients\"", user), HasSubstr("only root"));
  EXPECT_THAT(pool_problem("nice = -1", user), HasSubstr("only root"));
  EXPECT_THAT(problems("[daemon]\nsocket_group = \"none\""), ElementsAre(HasSubstr("no group \"none\"")));
}

TEST(ConfigProblems, ImpossibleValues) {
  EXPECT_THAT(pool_problem("workers = \"many\""), HasSubstr("a number, \"auto\" or { min"));
  EXPECT_THAT(pool_problem("workers = { max = \"many\" }"), HasSubstr("a number or \"auto\""));
  EXPECT_THAT(pool_problem("workers = { min = 3, max = 2 }"), HasSubstr("3 is more than max (2)"));
  EXPECT_THAT(pool_problem("workers = { min = 0 }"), HasSubstr("out of range"));
  EXPECT_THAT(pool_problem("workers = { least = 1 }"), HasSubstr("least"));
  EXPECT_THAT(pool_problem("workers = { min = 250 }\nspares = 10"), HasSubstr("more than 256 processes"));
  EXPECT_THAT(pool_problem("workers = 250\nspares = 10"), HasSubstr("more than 256 processes"));
  EXPECT_THAT(pool_problem("workers = 1.5"), HasSubstr("a number, \"auto\" or"));
  EXPECT_THAT(pool_problem("spares = -1"), HasSubstr("out of range"));
  EXPECT_THAT(pool_problem("run_timeout = \"2h\""), HasSubstr("longer than max_timeout (1h)"));
  EXPECT_THAT(pool_problem("run_timeout = \"1ms\""), HasSubstr("at least 10ms"));
  EXPECT_THAT(pool_problem("run_timeout = \"1 s\""), HasSubstr("is not a duration"));
  EXPECT_THAT(pool_problem("grace = \"31s\""), HasSubstr("longer than run_timeout (30s)"));
  EXPECT_THAT(pool_problem("start_timeout = \"0s\""), HasSubstr("longer than 0s"));
  EXPECT_THAT(pool_problem("retries = 16"), HasSubstr("1 to 15"));
  EXPECT_THAT(pool_problem("nice = 20"), HasSubstr("-20 to 19"));
  EXPECT_THAT(pool_problem("spin = \"1s\""), HasSubstr("at most 10ms"));
  EXPECT_THAT(pool_problem("leftovers = \"maybe\""), HasSubstr("must be one of \"kill\", \"keep\""));
  EXPECT_THAT(pool_problem("output = \"both\""), HasSubstr("must be one of \"log\", \"client\""));
  EXPECT_THAT(pool_problem("memory_max = \"1KiB\""), HasSubstr("at least 16MiB"));
  EXPECT_THAT(pool_problem("memory_max = 5"), HasSubstr("a size in quotes"));
  EXPECT_THAT(problems("[daemon]\ncgroup = \"mine\""), ElementsAre(HasSubstr("\"off\", or an absolute path")));
  EXPECT_THAT(pool_problem("restart = { backoff_initial = \"1m\" }"), HasSubstr("longer than backoff_max (10s)"));
  EXPECT_THAT(pool_problem("restart = { window = \"0s\" }"), HasSubstr("longer than 0s"));
  EXPECT_THAT(pool_problem("session = { request_ring = \"2GiB\" }"), HasSubstr("more than request_ring_max (1GiB)"));
  EXPECT_THAT(pool_problem("session = { slots = 4097 }"), HasSubstr("1 to 4096"));
  EXPECT_THAT(pool_problem("rlimits = { nofile = 10 }"), HasSubstr("at least 64"));
  EXPECT_THAT(pool_problem("rlimits = { as = true }"), HasSubstr("unlimited"));
  EXPECT_THAT(pool_problem("environment = { A = 1 }"), HasSubstr("put it in quotes"));
  EXPECT_THAT(pool_problem("environment = { RINGMASTER_POOL = \"x\" }"), HasSubstr("set by the daemon"));
  EXPECT_THAT(pool_problem("run_timeout = 2026-01-01"), HasSubstr("is a date"));
}

TEST(ConfigProblems, OfTheDaemonAndTheLimits) {
  const auto daemon = [](const std::string& line) { return problems("[daemon]\n" + line).at(0); };
  EXPECT_THAT(daemon("socket = \"/" + std::string(107, 'x') + "\""), HasSubstr("at most 107"));
  EXPECT_THAT(daemon("socket = \"x.sock\""), HasSubstr("not absolute"));
  EXPECT_THAT(daemon("socket_mode = \"0999\""), HasSubstr("is not a file mode"));
  EXPECT_THAT(daemon("socket_mode = \"0066\""), HasSubstr("locks the owner out"));
  EXPECT_THAT(daemon("socket_mode = 432"), HasSubstr("must be a string"));
  EXPECT_THAT(daemon("allow_uids = [\"root\"]"), HasSubstr("numeric ids"));
  EXPECT_THAT(daemon("allow_uids = [4294967295]"), HasSubstr("numeric ids"));
  EXPECT_THAT(problems("[limits]\nconnections_per_uid = 300"), ElementsAre(HasSubstr("more than max_connections")));
  EXPECT_THAT(problems("daemon = 5"), ElementsAre(HasSubstr("must be a table")));
  EXPECT_THAT(problems("[limits]\npools_per_uid = \"some\""), ElementsAre(HasSubstr("\"auto\"")));
  EXPECT_THAT(problems("[limits]\npools_per_uid = -1"), ElementsAre(HasSubstr("pools_per_uid")));
  EXPECT_THAT(problems("[limits]\npools_per_uid = 0\n[pool]"), ElementsAre(HasSubstr("[pool.NAME]")));
  EXPECT_THAT(problems("[pool]"), ElementsAre());
  EXPECT_THAT(problems("[[pool]]\nname = \"a\""), ElementsAre(HasSubstr("[pool.NAME]")));
  EXPECT_THAT(problems("[pool.\"a/b\"]"), ElementsAre(HasSubstr("cannot name a pool")));
}

}  // namespace
}  // namespace ringmaster::config
