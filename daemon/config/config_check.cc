#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "daemon/config/config_read.h"
#include "daemon/config/config_table.h"
#include "daemon/config/config_units.h"
#include "daemon/config/stock_list.h"
#include "daemon/core/worker/run_watch.h"
#include "shm/layout.h"

namespace ringmaster::config {

// The limits of the configuration are those of the shared memory layout.
static_assert(kMaxSeats == 64 * shm::kBoardWords);
static_assert(kMaxPools == shm::kMaxPools);
static_assert(kMaxSessionSlots == shm::kMaxSlots);

namespace {

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

bool valid_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 32 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-' || c == '_'; });
}

std::string absolute(const std::string& path, const World& world) {
  return path.front() == '/' ? path : world.cwd + "/" + path;
}

std::string in_path(const std::string& program, const World& world) {
  std::string_view folders = world.path;
  while (!folders.empty()) {
    const auto colon = folders.find(':');
    std::string candidate = std::string{folders.substr(0, colon)} + "/" + program;
    const auto facts = world.stat(candidate);
    if (facts && S_ISREG(facts->mode)) return candidate;
    if (colon == std::string_view::npos) break;
    folders.remove_prefix(colon + 1);
  }
  return {};
}

// If the command of a trusted text is not found it stays as written: starting it will report the error.
void resolve_command(PoolConfig& pool, TableReader& reader, const World& world) {
  std::string& program = pool.command.front();
  const std::string what = quoted(program);
  if (program.empty()) return reader.complain("command", "the program's name is empty");
  const std::string path = program.find('/') == std::string::npos ? in_path(program, world) : absolute(program, world);
  if (path.empty()) return reader.missing("command", what + ": not found in " + world.path, world.trusted);
  program = path;
  const auto facts = world.stat(path);
  if (!facts) return reader.missing("command", what + ": no such file", world.trusted);
  if (!S_ISREG(facts->mode)) return reader.missing("command", what + ": not a file", world.trusted);
  if ((facts->mode & 0111) == 0) {
    reader.missing("command", what + ": not executable (mode " + octal(facts->mode) + "); chmod +x it", world.trusted);
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

void resolve_named_handler(const std::string& handler, PoolConfig& pool, TableReader& reader, const World& world) {
  const std::string path = absolute(handler, world);
  const auto facts = world.stat(path);
  if (!facts) {
    reader.missing("handlers", quoted(handler) + ": no such file", world.trusted);
  } else if (!S_ISREG(facts->mode)) {
    reader.missing("handlers", quoted(handler) + ": not a file", world.trusted);
  }
  pool.handlers.push_back(path);
}

void resolve_handlers(PoolConfig& pool, TableReader& reader, const World& world) {
  const auto [folder, stock] = stock_list(world);
  std::vector<std::string> wanted = std::move(pool.handlers);
  pool.handlers.clear();
  if (wanted.empty()) wanted.emplace_back("all");
  for (const auto& handler : wanted) {
    if (handler == "all") {
      if (stock.empty()) {
        pool.unusable = "no stock handlers in " + joined(world.handler_folders);
        reader.missing("handlers",
                       pool.unusable + "; install them, set $RINGMASTER_HANDLERS to their folder, or name .so files",
                       world.trusted);
      }
      for (const auto& name : stock) pool.handlers.push_back(folder + "/" + name + ".so");
    } else if (handler.find('/') == std::string::npos && !handler.ends_with(".so")) {
      if (std::find(stock.begin(), stock.end(), handler) != stock.end()) {
        pool.handlers.push_back(folder + "/" + handler + ".so");
        continue;
      }
      const std::string meant = closest(handler, stock);
      pool.unusable = "no stock handler " + quoted(handler);
      reader.missing("handlers",
                     pool.unusable + "; there are: " + joined(stock) +
                         (meant.empty() ? "" : "; did you mean " + quoted(meant) + "?"),
                     world.trusted);
    } else {
      resolve_named_handler(handler, pool, reader, world);
    }
  }
  std::vector<std::string> seen = pool.handlers;
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice != seen.end()) reader.complain("handlers", quoted(*twice) + " is named twice");
}

// A pool whose user or group does not exist is unusable: its workers must not run as another user.
void resolve_identity(PoolConfig& pool, TableReader& reader, const World& world) {
  const auto cannot = [&](const std::string& key, const std::string& why) {
    pool.unusable = key + ": " + why;
    reader.missing(key, why, world.trusted);
  };
  if (!pool.user.empty()) {
    if (const auto user = world.user(pool.user)) {
      pool.uid = user->uid;
      pool.gid = user->gid;
      if (world.euid != 0 && user->uid != world.euid) {
        cannot("user", "only root can run workers as " + quoted(pool.user) + "; this daemon is uid " +
                           std::to_string(world.euid));
      }
    } else {
      cannot("user", "no user " + quoted(pool.user) + "; create it, or leave the key out");
    }
  }
  if (pool.group.empty()) return;
  pool.gid = world.group(pool.group);
  if (!pool.gid) cannot("group", "no group " + quoted(pool.group) + "; create it, or leave the key out");
  if (world.euid != 0) cannot("group", "only root can change the group of workers");
}

}  // namespace

void check_pool_values(PoolConfig& pool, TableReader& reader) {
  if (!valid_name(pool.name)) {
    reader.complain("name", quoted(pool.name) +
                                " cannot name a pool; use 1 to 32 letters, digits, - and _, a letter or digit first");
  }
  const Node* const command = reader.find("command");
  if (command != nullptr && command->kind == Node::Kind::Array && command->items.empty()) {
    reader.complain("command", "names no program; write [\"/path/to/program\", \"argument\"]");
  }
  if (command != nullptr && reader.find("handlers") != nullptr) {
    reader.complain("handlers", "a pool has either command or handlers (for the stock worker), not both");
  }
  const unsigned workers = std::max({1U, pool.workers, pool.min_workers});
  if (workers + pool.spares > kMaxSeats) {
    reader.complain("spares", std::to_string(workers) + " workers and " + std::to_string(pool.spares) +
                                  " spares are more than " + std::to_string(kMaxSeats) + " processes");
  }
  if (pool.start_timeout <= Duration::zero()) reader.complain("start_timeout", "must be longer than 0s");
  const Duration shortest = core::LookSchedule::shortest_run_timeout();
  if (pool.run_timeout < shortest) {
    reader.complain("run_timeout",
                    to_string(pool.run_timeout) + " is too short to be kept, at least " + to_string(shortest));
  }
  if (pool.grow_after && *pool.grow_after < std::chrono::milliseconds{1}) {
    reader.complain("grow_after", to_string(*pool.grow_after) + " is too short, at least 1ms; or \"auto\"");
  }
  if (pool.run_timeout > pool.max_timeout) {
    reader.complain("run_timeout",
                    to_string(pool.run_timeout) + " is longer than max_timeout (" + to_string(pool.max_timeout) + ")");
  }
  if (reader.find("grace") == nullptr) {
    pool.grace = std::min(pool.grace, pool.run_timeout);
  } else if (pool.grace > pool.run_timeout) {
    reader.complain("grace", to_string(pool.grace) + " is longer than run_timeout (" + to_string(pool.run_timeout) +
                                 "); a job would get more time to stop than to work");
  }
  if (pool.spin > std::chrono::milliseconds{10}) {
    reader.complain("spin", to_string(pool.spin) + " of busy waiting is too long, at most 10ms");
  }
  if (pool.memory_max.value > 0 && pool.memory_max < core::mib(16)) {
    reader.complain("memory_max", to_string(pool.memory_max) + " is too little for a worker, at least 16MiB");
  }
}

void resolve_pool(PoolConfig& pool, TableReader& reader, const World& world) {
  if (!pool.command.empty()) {
    resolve_command(pool, reader, world);
  } else if (reader.find("command") == nullptr) {
    resolve_handlers(pool, reader, world);
  }
  resolve_identity(pool, reader, world);
  if (pool.nice < 0 && world.euid != 0) reader.missing("nice", "only root can go below 0", world.trusted);
  const std::string& folder = pool.working_directory;
  if (folder.empty() || folder.front() != '/') {
    reader.complain("working_directory", quoted(folder) + ": not absolute; start it with /");
  } else if (const auto facts = world.stat(folder); !facts || !S_ISDIR(facts->mode)) {
    reader.missing("working_directory", quoted(folder) + (facts ? ": not a folder" : ": no such folder"),
                   world.trusted);
  }
}

}  // namespace ringmaster::config
