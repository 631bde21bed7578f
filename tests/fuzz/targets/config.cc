// The configuration: TOML, its types and ranges, and the checks of keys against each other and against the machine.
#include <sys/resource.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>

#include "base/check.h"
#include "daemon/config/config_load.h"
#include "daemon/config/pool_text.h"
#include "daemon/config/stock_list.h"
#include "tests/fuzz/sentence.h"
#include "tests/fuzz/target.h"
#include "tests/unit/daemon/config/fake_world.h"

namespace ringmaster::fuzz {
namespace {

using namespace config;  // NOLINT(google-build-using-namespace): a program

void check_problems(const std::vector<Problem>& problems, std::string_view text) {
  const auto lines = static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Problem& one : problems) {
    check_sentence(one.text, 1024);
    RM_CHECK(one.line <= lines, "line %u of %u", one.line, lines);
  }
  if (problems.empty()) return;
  const std::string shown = render_problems("ringmaster.toml", problems);
  RM_CHECK(is_clean_text(shown), "not fit to be shown");
  RM_CHECK(static_cast<std::size_t>(std::count(shown.begin(), shown.end(), '\n')) == problems.size(), "lines");
}

// What the kernel takes as a string ends at its first zero byte.
void check_string(const std::string& text) { RM_CHECK(text.find('\0') == std::string::npos, "a zero byte in a name"); }

void check_pool(const PoolConfig& pool) {
  RM_CHECK(!pool.name.empty() && pool.name.size() <= 32, "a pool's name of %zu bytes", pool.name.size());
  RM_CHECK(std::max(1U, pool.workers) + pool.spares <= kMaxSeats, "%u workers, %u spares", pool.workers, pool.spares);
  const unsigned resolved = resolve_workers(pool, 9999);
  RM_CHECK(resolved >= 1 && resolved + pool.spares <= kMaxSeats, "%u workers", resolved);
  RM_CHECK(pool.command.empty() != pool.handlers.empty() || !pool.unusable.empty(), "a pool that has nothing to run");
  for (const std::string& one : pool.command) check_string(one);
  for (const std::string& one : pool.handlers) check_string(one);
  for (const auto& [name, value] : pool.environment) {
    check_string(name);
    check_string(value);
    RM_CHECK(!name.empty() && name.find('=') == std::string::npos, "a variable's name");
  }
  check_string(pool.working_directory);
  RM_CHECK(pool.working_directory.starts_with('/'), "a relative folder");
  RM_CHECK(pool.run_timeout > Duration::zero() && pool.run_timeout <= pool.max_timeout, "a run deadline");
  RM_CHECK(pool.grace <= pool.run_timeout && pool.start_timeout > Duration::zero(), "a grace or start timeout");
  RM_CHECK(pool.retries >= 1 && pool.retries <= 15 && pool.nice >= -20 && pool.nice <= 19, "retries or nice");
  RM_CHECK(pool.session.slots >= 1 && pool.session.slots <= kMaxSessionSlots, "%u slots", pool.session.slots);
  RM_CHECK(pool.session.request_ring <= pool.session.request_ring_max, "a default that is over its maximum");
  RM_CHECK(pool.session.result_ring <= pool.session.result_ring_max, "a default that is over its maximum");
}

void check_config(const Config& config) {
  RM_CHECK(config.pools.size() <= kMaxPools, "%zu pools", config.pools.size());
  std::set<std::string> names;
  for (const PoolConfig& pool : config.pools) {
    check_pool(pool);
    RM_CHECK(names.insert(pool.name).second, "a pool twice");
  }
  check_string(config.daemon.socket);
  check_string(config.daemon.cgroup);
  RM_CHECK((config.daemon.socket_mode & ~0777U) == 0 && (config.daemon.socket_mode & 0600U) == 0600, "a socket's mode");
  RM_CHECK(config.limits.connections_per_uid <= config.limits.connections, "connections");
}

// As the table of a pool that somebody creates: under a daemon of the same user, and under one that is root.
void create_pool(const std::string& text) {
  PoolText wish{"p", text, "/here", to_text(stock_list(fake_world())), 0, 0, 0, {1000, 1000, {7}, 1, {}}};
  wish.creator.limits = {{RLIMIT_NOFILE, {64, 128}}, {RLIMIT_CORE, {0, RLIM_INFINITY}}};
  for (const OwnRights& own : {OwnRights{1000, 3, {{RLIMIT_NOFILE, 100}}}, OwnRights{0, 0, {{RLIMIT_NOFILE, 1000}}}}) {
    const PoolOutcome outcome = parse_pool(wish, fake_world(), own, 4, false);
    RM_CHECK(outcome.config.has_value() == outcome.problems.empty(), "%zu problems", outcome.problems.size());
    check_problems(outcome.problems, text);
    if (!outcome.config) continue;
    PoolConfig pool = *outcome.config;
    RM_CHECK(pool.name == "u1000.p" && pool.owner == 1000U && pool.user.empty() && pool.group.empty(), "whose it is");
    RM_CHECK(own.uid == 0 ? pool.uid == 1000U && pool.gid == 1000U : !pool.uid, "as whom it runs");
    RM_CHECK(pool.nice >= 1 && (own.uid == 0 || pool.nice >= 3), "nice %d", pool.nice);
    for (const Rlimit& limit : pool.rlimits) {
      const bool files = limit.resource == RLIMIT_NOFILE;
      RM_CHECK(!files || limit.value <= (own.uid == 0 ? 128U : 100U), "more files than its creator may open");
      RM_CHECK(limit.soft.value_or(limit.value) <= limit.value, "a limit that cannot be set");
    }
    RM_CHECK(seats_of(pool) <= kMaxSeats, "%u seats", seats_of(pool));
    pool.name = "p";
    check_pool(pool);
    RM_CHECK(parse_pool(wish, fake_world(), own, 4, true).config == outcome.config, "a successor reads something else");
  }
  const auto kept = encode_pool_text(wish);
  const auto read = decode_pool_text(kept);
  RM_CHECK(read && *read == wish, "a text that changes at the keeper");
}

void run(Input input) {
  const std::string text(input.begin(), input.end());
  (void)decode_pool_text(std::as_bytes(std::span(text)));
  create_pool(text);
  const World world = fake_world();
  const Outcome outcome = parse_config(text, world);
  RM_CHECK(outcome.config.has_value() == outcome.problems.empty(), "%zu problems", outcome.problems.size());
  for (const Problem& one : outcome.warnings)
    RM_CHECK(one.text.find("is called") != std::string::npos, "a warning about a text that nobody has checked");
  check_problems(outcome.warnings, text);
  check_problems(outcome.problems, text);
  if (outcome.config) check_config(*outcome.config);

  // The same text, inherited: what was accepted is, and is the same; what this machine lacks is no problem any more.
  World inherited = fake_world();
  inherited.trusted = true;
  const Outcome later = parse_config(text, inherited);
  check_problems(later.problems, text);
  check_problems(later.warnings, text);
  if (outcome.config) RM_CHECK(later.config == outcome.config, "an inherited text that means something else");
  const std::size_t told = outcome.problems.size() + outcome.warnings.size();
  RM_CHECK(later.problems.size() + later.warnings.size() == told, "%zu and %zu, not %zu", later.problems.size(),
           later.warnings.size(), told);

  World recalled = fake_world();
  set_stock_list(recalled, text);
  const std::string stock = to_text(stock_list(recalled));
  set_stock_list(recalled, stock);
  RM_CHECK(to_text(stock_list(recalled)) == stock, "handlers that change from one successor to the next");
}

constexpr const char* kEverything = R"([daemon]
socket = "/run/x.sock"
socket_mode = "0660"
socket_group = "clients"
allow_uids = [1000, 0]
allow_gids = []
admin_uids = [7]
shutdown_timeout = "30s"
log_level = "debug"
log_format = "json"
cgroup = "off"
[limits]
max_connections = 10
connections_per_uid = 5
bytes_per_uid = "1TiB"
[pool.images]
handlers = ["all", "/lib/mine.so"]
workers = "auto"
run_timeout = "5s"
grace = "100ms"
spin = "0s"
leftovers = "keep"
user = "worker"
group = "clients"
nice = -5
memory_max = "1GiB"
environment = { LANG = "C", "a.b" = 'x' }
rlimits = { nofile = 64, as = "1GiB", core = "unlimited" }
[pool.images.restart]
backoff_initial = "10ms"
budget = 3
[pool.images.session]
request_ring_max = "2GiB"
slots = 7
[pool.thumb]
command = ["/bin/thumb", "-x"]
workers = 3
recycle.max_jobs = 1_000
)";

// Of the deepest kind that a file of 1 MiB could hold there is one table in another for each dot.
std::string deep_key() {
  std::string text = "# so.deep.............................................\n";
  for (int i = 0; i < 2000; ++i) text += "a.";
  return text + "a = 1\n";
}

std::vector<std::string> seeds() {
  return {std::string(default_config_text()),
          kEverything,
          "",
          "[pool.a]\nworkers = 0x10\nhandlers = [\"ehco\"]\nunknown = 1979-05-27T07:32:00Z\n",
          "[daemon]\nsocket = \"relative\"\nsocket_mode = \"99\"\n[pool]\nx = 1.5e3\n",
          "[pool.a]\ncommand = [\"thumb\", \"\\u0000\", 'nul\\0']\nuser = \"\"\"\nmany\nlines\"\"\"\n",
          "pool = [[[[[[[[[1, {a.b.c.d = {}}]]]]]]]]]\n",
          "/stock\necho.so\nthumbnail.so\n",
          deep_key()};
}

}  // namespace

const Target& target() {
  // toml++ keeps a path of the source and a position for every node.
  static const Target config{.name = "config",
                             .run = run,
                             .seeds = seeds,
                             .cost = {.live_bytes_per_byte = 4096, .allocations_per_byte = 256},
                             .mutants = 500};
  return config;
}

}  // namespace ringmaster::fuzz
