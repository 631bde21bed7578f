#include "daemon/config/config_read.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "daemon/config/config_table.h"
#include "daemon/config/config_units.h"
#include "proto/socket_path.h"

namespace ringmaster::config {
namespace {

template <typename T, std::size_t N>
void read_choice(TableReader& reader, const std::string& key, T& value,
                 const std::array<std::pair<const char*, T>, N>& choices) {
  const Node* node = reader.find(key);
  if (node == nullptr) return;
  std::string all;
  for (const auto& [name, choice] : choices) {
    if (node->kind == Node::Kind::String && node->text == name) {
      value = choice;
      return;
    }
    all += std::string{all.empty() ? "" : ", "} + '"' + name + '"';
  }
  reader.complain_at(*node, key, "must be one of " + all);
}

void read_environment(TableReader& pool, PoolConfig& config) {
  const Node* table = pool.table("environment");
  if (table == nullptr) return;
  for (const auto& [name, node] : table->keys) {
    if (name.empty() || name.find_first_of(std::string_view{"=\0", 2}) != std::string::npos) {
      pool.complain_at(node, "environment", "\"" + name + "\" cannot name a variable");
    } else if (name.starts_with("RINGMASTER_")) {
      pool.complain_at(node, "environment", name + ": names that start with RINGMASTER_ are set by the daemon");
    } else if (node.kind != Node::Kind::String) {
      pool.complain_at(node, "environment",
                       name + ": must be a string, is " + to_string(node.kind) + "; put it in quotes");
    } else if (node.text.find('\0') != std::string::npos) {
      pool.complain_at(node, "environment", name + ": a value cannot hold a zero byte");
    } else {
      config.environment.emplace_back(name, node.text);
    }
  }
}

constexpr std::array<std::pair<const char*, int>, 9> kRlimits = {{{"as", RLIMIT_AS},
                                                                  {"core", RLIMIT_CORE},
                                                                  {"cpu", RLIMIT_CPU},
                                                                  {"data", RLIMIT_DATA},
                                                                  {"fsize", RLIMIT_FSIZE},
                                                                  {"memlock", RLIMIT_MEMLOCK},
                                                                  {"nofile", RLIMIT_NOFILE},
                                                                  {"nproc", RLIMIT_NPROC},
                                                                  {"stack", RLIMIT_STACK}}};

/// The value of an rlimit: an integer (for cpu: seconds), a size for amounts of memory, or "unlimited".
std::optional<std::uint64_t> rlimit_value(const Node& node) {
  if (node.kind == Node::Kind::Integer && node.integer >= 0) return static_cast<std::uint64_t>(node.integer);
  if (node.kind != Node::Kind::String) return std::nullopt;
  if (node.text == "unlimited") return RLIM_INFINITY;
  if (const auto size = parse_size(node.text)) return size->value;
  return std::nullopt;
}

void read_rlimits(TableReader& pool, std::vector<Problem>& problems, const std::string& path, PoolConfig& config) {
  const Node* table = pool.table("rlimits");
  if (table == nullptr) return;
  TableReader reader{*table, path + ".rlimits", problems};
  for (const auto& [name, resource] : kRlimits) {
    const Node* node = reader.find(name);
    if (node == nullptr) continue;
    if (const auto value = rlimit_value(*node)) {
      config.rlimits.push_back(Rlimit{resource, *value});
    } else {
      reader.complain_at(*node, name, "must be a number, a size such as \"1GiB\", or \"unlimited\"");
    }
    // Enough for lane, control segment, board, sockets and pipes, and some sessions with four each.
    if (resource == RLIMIT_NOFILE && !config.rlimits.empty() && config.rlimits.back().value < 64) {
      reader.complain_at(*node, name, "a worker needs at least 64 descriptors");
    }
  }
  reader.finish();
}

void read_restart(TableReader& pool, std::vector<Problem>& problems, const std::string& path,
                  core::RestartConfig& restart) {
  const Node* table = pool.table("restart");
  if (table == nullptr) return;
  TableReader reader{*table, path + ".restart", problems};
  reader.read("backoff_initial", restart.backoff_initial);
  reader.read("backoff_max", restart.backoff_max);
  reader.read("budget", restart.budget, 1, 100'000);
  reader.read("window", restart.window);
  reader.read("probe_initial", restart.probe_initial);
  reader.read("probe_max", restart.probe_max);
  reader.read("stable", restart.stable);
  const std::array<std::pair<const char*, Duration>, 6> positive = {{{"backoff_initial", restart.backoff_initial},
                                                                     {"backoff_max", restart.backoff_max},
                                                                     {"window", restart.window},
                                                                     {"probe_initial", restart.probe_initial},
                                                                     {"probe_max", restart.probe_max},
                                                                     {"stable", restart.stable}}};
  for (const auto& [key, value] : positive) {
    if (value <= Duration::zero()) reader.complain(key, "must be longer than 0s");
  }
  if (restart.backoff_initial > restart.backoff_max) {
    reader.complain("backoff_initial", to_string(restart.backoff_initial) + " is longer than backoff_max (" +
                                           to_string(restart.backoff_max) + ")");
  }
  if (restart.probe_initial > restart.probe_max) {
    reader.complain("probe_initial", to_string(restart.probe_initial) + " is longer than probe_max (" +
                                         to_string(restart.probe_max) + ")");
  }
  reader.finish();
}

void read_recycle(TableReader& pool, std::vector<Problem>& problems, const std::string& path,
                  core::RecycleConfig& recycle) {
  const Node* table = pool.table("recycle");
  if (table == nullptr) return;
  TableReader reader{*table, path + ".recycle", problems};
  reader.read("max_jobs", recycle.max_jobs, 0);
  reader.read("max_rss", recycle.max_rss);
  reader.read("max_age", recycle.max_age);
  reader.finish();
}

void read_session(TableReader& pool, std::vector<Problem>& problems, const std::string& path, SessionConfig& session) {
  const Node* table = pool.table("session");
  if (table == nullptr) return;
  TableReader reader{*table, path + ".session", problems};
  reader.renamed("request_default", "request_ring");
  reader.renamed("reply_default", "result_ring");
  reader.renamed("request_max", "request_ring_max");
  reader.renamed("reply_max", "result_ring_max");
  reader.renamed("queue_limit", "slots");
  reader.read("request_ring", session.request_ring);
  reader.read("result_ring", session.result_ring);
  reader.read("request_ring_max", session.request_ring_max);
  reader.read("result_ring_max", session.result_ring_max);
  reader.read("slots", session.slots, 1, kMaxSessionSlots);
  const auto check = [&](const char* key, Bytes value, const char* max_key, Bytes max) {
    if (value.value < 4096) reader.complain(key, to_string(value) + " is too small, at least 4KiB");
    if (value > max) reader.complain(key, to_string(value) + " is more than " + max_key + " (" + to_string(max) + ")");
  };
  check("request_ring", session.request_ring, "request_ring_max", session.request_ring_max);
  check("result_ring", session.result_ring, "result_ring_max", session.result_ring_max);
  reader.finish();
}

void read_pools_per_uid(TableReader& reader, core::QuotaLimits& limits) {
  const Node* node = reader.find("pools_per_uid");
  if (node == nullptr || (node->kind == Node::Kind::String && node->text == "auto")) return;
  if (node->kind != Node::Kind::Integer) {
    return reader.complain_at(*node, "pools_per_uid", "must be a number or \"auto\"");
  }
  reader.read("pools_per_uid", limits.pools_per_uid.emplace(), 0);
}

void read_count(TableReader& table, const std::string& key, const std::string& wanted, unsigned& count) {
  const Node* node = table.find(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::String && node->text == "auto") {
    count = 0;
  } else if (node->kind != Node::Kind::Integer) {
    table.complain_at(*node, key, "must be " + wanted);
  } else {
    table.read(key, count, 1, kMaxSeats);
  }
}

void read_workers(TableReader& pool, std::vector<Problem>& problems, const std::string& path, PoolConfig& config) {
  const Node* node = pool.find("workers");
  if (node == nullptr || node->kind != Node::Kind::Table) {
    return read_count(pool, "workers", "a number, \"auto\" or { min = 1, max = 8 }", config.workers);
  }
  TableReader range{*node, path + ".workers", problems};
  config.min_workers = 1;
  range.read("min", config.min_workers, 1, kMaxSeats);
  read_count(range, "max", "a number or \"auto\"", config.workers);
  if (config.workers != 0 && config.min_workers > config.workers) {
    range.complain("min",
                   std::to_string(config.min_workers) + " is more than max (" + std::to_string(config.workers) + ")");
  }
  range.finish();
}

void read_grow_after(TableReader& pool, PoolConfig& config) {
  const Node* node = pool.find("grow_after");
  if (node == nullptr || (node->kind == Node::Kind::String && node->text == "auto")) return;
  pool.read("grow_after", config.grow_after.emplace());
}

}  // namespace

DaemonConfig read_daemon(const Node& table, const World& world, std::vector<Problem>& problems) {
  DaemonConfig config;
  TableReader reader{table, "daemon", problems};
  reader.read("socket", config.socket);
  if (!config.socket.empty()) {
    if (const auto fits = wire::check_socket_path(config.socket); !fits)
      reader.complain("socket", fits.error().message);
  }
  std::string mode = "0660";
  reader.read("socket_mode", mode);
  if (const auto bits = parse_mode(mode)) {
    config.socket_mode = *bits;
    if ((*bits & 0600) != 0600) reader.complain("socket_mode", "\"" + mode + "\" locks the owner out; include 0600");
  } else {
    reader.complain("socket_mode", "\"" + mode + "\" is not a file mode; write it octal, such as \"0660\"");
  }
  reader.read("socket_group", config.socket_group);
  if (!config.socket_group.empty()) {
    config.socket_gid = world.group(config.socket_group);
    if (!config.socket_gid) {
      reader.missing("socket_group", "no group \"" + config.socket_group + "\"; create it, or leave the key out",
                     world.trusted);
    }
  }
  reader.read("allow_uids", config.allow_uids);
  reader.read("allow_gids", config.allow_gids);
  reader.read("admin_uids", config.admin_uids);
  reader.read("shutdown_timeout", config.shutdown_timeout);
  reader.read("health_hold", config.health_hold);
  read_choice<daemon::LogLevel, 4>(reader, "log_level", config.log_level,
                                   {{{"debug", daemon::LogLevel::Debug},
                                     {"info", daemon::LogLevel::Info},
                                     {"warning", daemon::LogLevel::Warning},
                                     {"error", daemon::LogLevel::Error}}});
  read_choice<daemon::LogFormat, 5>(reader, "log_format", config.log_format,
                                    {{{"auto", daemon::LogFormat::Auto},
                                      {"human", daemon::LogFormat::Human},
                                      {"keyvalue", daemon::LogFormat::KeyValue},
                                      {"json", daemon::LogFormat::Json},
                                      {"journal", daemon::LogFormat::Journal}}});
  reader.read("cgroup", config.cgroup);
  if (config.cgroup != "auto" && config.cgroup != "off" && !config.cgroup.starts_with('/')) {
    reader.complain("cgroup", "\"" + config.cgroup + "\": must be \"auto\", \"off\", or an absolute path");
  }
  reader.finish();
  return config;
}

core::QuotaLimits read_limits(const Node& table, std::vector<Problem>& problems) {
  core::QuotaLimits limits;
  TableReader reader{table, "limits", problems};
  reader.read("max_connections", limits.connections, 1);
  reader.read("connections_per_uid", limits.connections_per_uid, 1);
  reader.read("sessions_per_uid", limits.sessions_per_uid, 1);
  reader.read("slots_per_uid", limits.slots_per_uid, 1);
  reader.read("bytes_per_uid", limits.bytes_per_uid);
  reader.read("socket_jobs_per_uid", limits.socket_jobs_per_uid, 1);
  reader.read("crashes_per_minute", limits.crashes_per_minute, 1);
  read_pools_per_uid(reader, limits);
  reader.read("workers_per_uid", limits.workers_per_uid, 1);
  if (limits.bytes_per_uid < core::mib(1)) reader.complain("bytes_per_uid", "must be at least 1MiB");
  if (limits.connections_per_uid > limits.connections) {
    reader.complain("connections_per_uid", std::to_string(limits.connections_per_uid) +
                                               " is more than max_connections (" + std::to_string(limits.connections) +
                                               ")");
  }
  reader.finish();
  return limits;
}

PoolConfig read_pool(const std::string& name, const Node& table, const World& world, std::vector<Problem>& problems) {
  PoolConfig config;
  config.name = name;
  const std::string path = "pool." + name;
  TableReader reader{table, path, problems};
  reader.renamed("queue_deadline", "queue_timeout");
  reader.renamed("run_deadline", "run_timeout");
  reader.renamed("max_deadline", "max_timeout");
  reader.read("command", config.command);
  reader.read("handlers", config.handlers);
  read_workers(reader, problems, path, config);
  reader.read("spares", config.spares, 0, kMaxSeats - 1);
  reader.read("idle_timeout", config.idle_timeout);
  read_grow_after(reader, config);
  reader.read("start_timeout", config.start_timeout);
  reader.read("queue_timeout", config.queue_timeout);
  reader.read("health_queue_age", config.health_queue_age);
  reader.read("run_timeout", config.run_timeout);
  reader.read("grace", config.grace);
  reader.read("max_timeout", config.max_timeout);
  reader.read("retries", config.retries, 1, 15);
  reader.read("spin", config.spin);
  read_choice<bool, 2>(reader, "leftovers", config.keep_leftovers, {{{"kill", false}, {"keep", true}}});
  read_choice<bool, 2>(reader, "output", config.output_to_client, {{{"log", false}, {"client", true}}});
  reader.read("working_directory", config.working_directory);
  reader.read("user", config.user);
  reader.read("group", config.group);
  reader.read("nice", config.nice, -20, 19);
  reader.read("memory_max", config.memory_max);
  read_restart(reader, problems, path, config.restart);
  read_recycle(reader, problems, path, config.recycle);
  read_session(reader, problems, path, config.session);
  read_environment(reader, config);
  read_rlimits(reader, problems, path, config);
  check_pool_values(config, reader);
  resolve_pool(config, reader, world);
  reader.finish();
  return config;
}

}  // namespace ringmaster::config
