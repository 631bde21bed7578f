#include "daemon/config/config_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/unique_fd.h"
#include "daemon/config/config_read.h"
#include "daemon/config/config_table.h"
#include "daemon/config/stock_list.h"

namespace ringmaster::config {

unsigned resolve_workers(const PoolConfig& pool, unsigned usable_cpus) {
  if (pool.workers > 0) return pool.workers;
  return std::clamp(std::max(usable_cpus, pool.min_workers), 1U, kMaxSeats - std::min(pool.spares, kMaxSeats - 1));
}

namespace {

// Finds pools whose default session is larger than what one uid may hold.
void check_defaults_fit(const Config& config, const Node& limits, std::vector<Problem>& problems) {
  TableReader reader{limits, "limits", problems};
  for (const PoolConfig& pool : config.pools) {
    const Bytes least{pool.session.request_ring.value + pool.session.result_ring.value};
    if (least <= config.limits.bytes_per_uid) continue;
    reader.complain("bytes_per_uid", "is less than one session of pool \"" + pool.name + "\" takes (" +
                                         core::to_string(least) +
                                         "); raise it, or lower request_ring and result_ring of that pool");
  }
}

}  // namespace

Outcome parse_config(std::string_view text, const World& world) {
  Outcome outcome;
  const Node root = parse_toml(text, outcome.problems);
  if (!outcome.problems.empty()) return outcome;

  static const Node kNothing{};
  const auto or_empty = [](const Node* node) -> const Node& { return node != nullptr ? *node : kNothing; };
  TableReader reader{root, "", outcome.problems};
  Config config;
  config.daemon = read_daemon(or_empty(reader.table("daemon")), world, outcome.problems);
  const Node* const root_limits = reader.table("limits");
  config.limits = read_limits(or_empty(root_limits), outcome.problems);
  const Node* pools = reader.find("pool");
  if (pools == nullptr) {
    config.pools.push_back(read_pool("default", kNothing, world, outcome.problems));
  } else if (pools->kind != Node::Kind::Table || (pools->keys.empty() && config.limits.pools_per_uid == 0U)) {
    reader.complain_at(*pools, "pool", "write one table for each pool: [pool.NAME]");
  } else {
    for (const auto& [name, node] : pools->keys) {
      if (node.kind == Node::Kind::Table) {
        config.pools.push_back(read_pool(name, node, world, outcome.problems));
      } else {
        reader.complain_at(node, "pool." + name, "must be a table: [pool." + name + "]");
      }
    }
    if (config.pools.size() > kMaxPools) {
      reader.complain_at(*pools, "pool",
                         std::to_string(config.pools.size()) + " pools, at most " + std::to_string(kMaxPools));
    }
  }
  check_defaults_fit(config, or_empty(root_limits), outcome.problems);
  reader.finish();
  std::stable_sort(outcome.problems.begin(), outcome.problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair{a.line, a.column} < std::pair{b.line, b.column};
  });
  const auto warnings = std::stable_partition(outcome.problems.begin(), outcome.problems.end(),
                                              [](const Problem& problem) { return !problem.warning; });
  outcome.warnings.assign(warnings, outcome.problems.end());
  outcome.problems.erase(warnings, outcome.problems.end());
  if (outcome.problems.empty()) outcome.config = std::move(config);
  return outcome;
}

Outcome default_config(const World& world) { return parse_config(default_config_text(), world); }

std::string render_problems(std::string_view file, const std::vector<Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) {
    text += file;
    if (problem.line > 0) text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    text += ": " + problem.text + "\n";
  }
  return text + std::string{file} + ": " + std::to_string(problems.size()) +
         (problems.size() == 1 ? " problem" : " problems");
}

namespace {

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const std::string what = "cannot read the configuration \"" + path + "\"";
  if (!file) return errno_error(what, errno);
  std::string text;
  char piece[8192];
  while (true) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(what, errno);
    if (got == 0) return {boost::system::in_place_value, std::move(text)};
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > kMaxConfigBytes) return Error{what + ": more than 1 MiB; is it the right file?"};
  }
}

Result<Loaded> load(std::string text, const std::string& path, const World& world) {
  Outcome outcome = parse_config(text, world);
  if (!outcome.config) {
    return Error{render_problems(path.empty() ? "the embedded configuration" : path, outcome.problems)};
  }
  Loaded loaded{std::move(*outcome.config), {std::move(text), to_text(stock_list(world))}, {}};
  for (Problem& warning : outcome.warnings) loaded.warnings.push_back(std::move(warning.text));
  return {boost::system::in_place_value, std::move(loaded)};
}

}  // namespace

Result<Loaded> load_config(const std::string& path, const World& world) {
  if (path.empty()) return load({}, path, world);
  auto text = read_file(path);
  if (!text) return text.error();
  return load(std::move(*text), path, world);
}

Result<Loaded> load_inherited(InheritedConfig inherited, const std::string& path, World world) {
  world.trusted = true;
  set_stock_list(world, inherited.stock);
  return load(std::move(inherited.text), path, world);
}

}  // namespace ringmaster::config
