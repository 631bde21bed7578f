#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "fake_world.h"

namespace ringmaster::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Config parsed(std::string_view text) {
  const Outcome outcome = parse_config(text, fake_world());
  EXPECT_TRUE(outcome.config) << render_problems("test.toml", outcome.problems);
  return outcome.config.value_or(Config{});
}

TEST(Config, ThePrintedDefaultsAreTheDefaults) {
  const Config printed = parsed(default_config_text());
  EXPECT_EQ(printed, parsed(""));
  EXPECT_EQ(printed.daemon, DaemonConfig{});
  EXPECT_EQ(printed.limits, core::QuotaLimits{});
  PoolConfig pool;
  pool.handlers = {"/stock/echo.so", "/stock/thumbnail.so"};
  EXPECT_THAT(printed.pools, ElementsAre(pool));
}

TEST(Config, APoolThatSaysNothingHasTheDefaults) {
  const Config config = parsed("[pool.a]\n");
  PoolConfig pool;
  pool.name = "a";
  pool.handlers = {"/stock/echo.so", "/stock/thumbnail.so"};
  EXPECT_THAT(config.pools, ElementsAre(pool));
}

TEST(Config, ReadsEveryKeyOfTheDaemonAndTheLimits) {
  const Config config = parsed(R"(
[daemon]
socket = "/run/x.sock"
socket_mode = "0600"
socket_group = "clients"
allow_uids = [1, 2]
allow_gids = [3]
admin_uids = [4]
shutdown_timeout = "5s"
log_level = "debug"
log_format = "json"
cgroup = "/sys/fs/cgroup/mine"
[limits]
max_connections = 10
connections_per_uid = 9
sessions_per_uid = 8
slots_per_uid = 7
bytes_per_uid = "6GiB"
socket_jobs_per_uid = 5
crashes_per_minute = 4
pools_per_uid = 3
workers_per_uid = 2
)");
  DaemonConfig daemon;
  daemon.socket = "/run/x.sock";
  daemon.socket_mode = 0600;
  daemon.socket_group = "clients";
  daemon.socket_gid = 2000;
  daemon.allow_uids = {1, 2};
  daemon.allow_gids = {3};
  daemon.admin_uids = {4};
  daemon.shutdown_timeout = 5s;
  daemon.log_level = daemon::LogLevel::Debug;
  daemon.log_format = daemon::LogFormat::Json;
  daemon.cgroup = "/sys/fs/cgroup/mine";
  EXPECT_EQ(config.daemon, daemon);
  EXPECT_EQ(config.limits, (core::QuotaLimits{10, 9, 8, 7, core::gib(6), 5, 4, 3, 2}));
}

TEST(Config, ReadsEveryKeyOfAPool) {
  const Config config = parsed(R"(
[pool.images]
command = ["thumb", "--fast"]
workers = { min = 3, max = 4 }
spares = 2
idle_timeout = "9s"
grow_after = "20ms"
start_timeout = "1s"
queue_timeout = "2s"
run_timeout = "3s"
grace = "100ms"
max_timeout = "4s"
retries = 5
spin = "0s"
leftovers = "keep"
output = "client"
user = "worker"
group = "clients"
nice = 5
working_directory = "/srv"
memory_max = "1GiB"
[pool.images.restart]
backoff_initial = "1s"
backoff_max = "2s"
budget = 3
window = "4s"
probe_initial = "5s"
probe_max = "6s"
stable = "7s"
[pool.images.recycle]
max_jobs = 1
max_rss = "2MiB"
max_age = "3h"
[pool.images.session]
request_ring = "1MiB"
result_ring = "2MiB"
request_ring_max = "3MiB"
result_ring_max = "4MiB"
slots = 64
[pool.images.environment]
A = "b"
[pool.images.rlimits]
as = "4GiB"
core = 0
nofile = "unlimited"
)");
  ASSERT_EQ(config.pools.size(), 1U);
  PoolConfig pool;
  pool.name = "images";
  pool.command = {"/bin/thumb", "--fast"};
  pool.workers = 4;
  pool.min_workers = 3;
  pool.spares = 2;
  pool.idle_timeout = 9s;
  pool.grow_after = 20ms;
  pool.start_timeout = 1s;
  pool.queue_timeout = 2s;
  pool.run_timeout = 3s;
  pool.grace = 100ms;
  pool.max_timeout = 4s;
  pool.restart = {1s, 2s, 3, 4s, 5s, 6s, 7s};
  pool.retries = 5;
  pool.recycle = {1, core::mib(2), 3h};
  pool.session = {core::mib(1), core::mib(2), core::mib(3), core::mib(4), 64};
  pool.spin = 0s;
  pool.keep_leftovers = true;
  pool.output_to_client = true;
  pool.environment = {{"A", "b"}};
  pool.working_directory = "/srv";
  pool.rlimits = {{RLIMIT_AS, core::gib(4).value}, {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, RLIM_INFINITY}};
  pool.user = "worker";
  pool.group = "clients";
  pool.uid = 1000;
  pool.gid = 2000;
  pool.nice = 5;
  pool.memory_max = core::gib(1);
  EXPECT_EQ(config.pools[0], pool);
}

TEST(Config, KeepsPoolsInTheOrderOfTheFile) {
  const Config config = parsed("[pool.z]\n[pool.a]\n[pool.m]\n");
  std::vector<std::string> names;
  for (const auto& pool : config.pools) names.push_back(pool.name);
  EXPECT_THAT(names, ElementsAre("z", "a", "m"));
}

TEST(Config, FindsHandlersByNameAndByPath) {
  const Config config = parsed("[pool.a]\nhandlers = [\"thumbnail\", \"/lib/mine.so\"]\n");
  EXPECT_THAT(config.pools[0].handlers, ElementsAre("/stock/thumbnail.so", "/lib/mine.so"));
}

TEST(Config, ShortensTheDefaultGraceToAShortRunDeadline) {
  EXPECT_EQ(parsed("[pool.a]\nrun_timeout = \"100ms\"\n").pools[0].grace, 100ms);
}

TEST(Config, SizesAnAutomaticPoolToTheUsableCpus) {
  PoolConfig pool;
  EXPECT_EQ(resolve_workers(pool, 6), 6U);
  EXPECT_EQ(resolve_workers(pool, 0), 1U);
  EXPECT_EQ(resolve_workers(pool, 1000), kMaxSeats - pool.spares);
  pool.workers = 3;
  EXPECT_EQ(resolve_workers(pool, 6), 3U);
}

TEST(Config, LetsAPoolHaveAsManyWorkersAsThereIsWorkFor) {
  EXPECT_EQ(range_of(parsed("[pool.a]\nworkers = { min = 2, max = 8 }\n").pools[0]), (core::WorkerRange{2, 8}));
  EXPECT_EQ(range_of(parsed("[pool.a]\nworkers = { max = 8 }\n").pools[0]), (core::WorkerRange{1, 8}));
  EXPECT_EQ(range_of(parsed("[pool.a]\nworkers = 8\n").pools[0]), (core::WorkerRange{8, 8}));
  PoolConfig automatic = parsed("[pool.a]\nworkers = { min = 2, max = \"auto\" }\n").pools[0];
  for (const auto& [cpus, most] : {std::pair{6U, 6U}, {1U, 2U}}) {
    PoolConfig pool = automatic;
    pool.workers = resolve_workers(pool, cpus);
    EXPECT_EQ(range_of(pool), (core::WorkerRange{2, most}));
  }
}

}  // namespace
}  // namespace ringmaster::config
