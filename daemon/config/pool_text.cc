#include "daemon/config/pool_text.h"

#include <algorithm>
#include <cstring>

#include "daemon/config/config_read.h"
#include "daemon/config/config_table.h"
#include "daemon/config/stock_list.h"
#include "proto/byte_io.h"
#include "shm/mapping.h"
#include "shm/memfd.h"

namespace ringmaster::config {
namespace {

constexpr std::size_t kMaxGroups = std::size_t{1} << 16;  // the kernel's own
constexpr std::size_t kMaxLimits = 64;

// Only where the daemon's user looks for programs: nobody else can make that wait. Nor is any name looked up.
World without_lookups(World world) {
  const auto real = world.stat;
  world.stat = [real, folders = world.path](const std::string& path) -> std::optional<World::FileFacts> {
    const std::string folder = path.substr(0, path.rfind('/'));
    const bool searched = (":" + folders + ":").find(":" + folder + ":") != std::string::npos;
    return searched ? real(path) : std::nullopt;
  };
  world.user = [](const std::string&) { return std::optional<World::UserFacts>{}; };
  world.group = [](const std::string&) { return std::optional<gid_t>{}; };
  world.trusted = true;
  return world;
}

template <typename T>
std::optional<T> find(const std::vector<std::pair<int, T>>& list, int resource) {
  const auto at = std::ranges::find(list, resource, &std::pair<int, T>::first);
  return at == list.end() ? std::nullopt : std::optional(at->second);
}

// Takes out the keys that no created pool may have, so that nobody looks up what they name.
void forbid_identity(const std::string& path, Node& root, std::vector<Problem>& problems) {
  TableReader reader{root, path, problems};
  for (const char* key : {"user", "group"}) {
    if (reader.find(key) != nullptr) reader.complain(key, "workers of a created pool run as its creator; leave it out");
  }
  std::erase_if(root.keys, [](const KeyedNode& one) { return one.key == "user" || one.key == "group"; });
}

bool is_relative_path(const std::string& text) {
  return !text.starts_with('/') && (text.find('/') != std::string::npos || text.ends_with(".so"));
}

// A relative path means nothing without the folder that it starts from, which only its creator knows.
void check_folder(const PoolText& text, const std::string& path, const Node& root, std::vector<Problem>& problems) {
  if (text.folder.starts_with('/')) return;
  TableReader reader{root, path, problems};
  if (!text.folder.empty()) {
    reader.complain("folder", "\"" + text.folder + "\", from which relative paths start, is not absolute");
    return;
  }
  const auto check = [&](const std::string& key, const Node& node) {
    if (node.kind != Node::Kind::String || !is_relative_path(node.text)) return;
    reader.complain(key, "\"" + node.text + "\" is relative, but no folder was named; write its whole path");
  };
  const Node* const command = reader.find("command");
  if (command != nullptr && !command->items.empty()) check("command", command->items.front());
  if (const Node* const handlers = reader.find("handlers")) {
    for (const Node& one : handlers->items) check("handlers", one);
  }
}

// No more than its creator has.
void check_rights(const PoolConfig& pool, const Creator& creator, TableReader& reader) {
  if (reader.find("nice") != nullptr && pool.nice < creator.nice) {
    reader.complain("nice", std::to_string(pool.nice) + " is less than that of who creates the pool (" +
                                std::to_string(creator.nice) + ")");
  }
  for (const Rlimit& limit : pool.rlimits) {
    const auto own = find(creator.limits, limit.resource);
    if (own && limit.value > own->hard) {
      reader.complain("rlimits", "one of them is more than who creates the pool has (ulimit -H); lower it");
    }
  }
}

// What is only a warning where nothing is looked up.
void check_found(const PoolConfig& pool, TableReader& reader) {
  if (!pool.unusable.empty()) reader.complain("handlers", pool.unusable);
  if (!pool.command.empty() && pool.command.front().find('/') == std::string::npos) {
    reader.complain("command", "\"" + pool.command.front() +
                                   "\" is not where the daemon looks for programs; write "
                                   "its whole path");
  }
}

void check_size(const PoolConfig& pool, TableReader& reader) {
  const unsigned most = std::max(pool.workers, pool.most_workers);
  if (most > kMaxSeats || most + pool.spares > kMaxSeats) {
    reader.complain("workers", std::to_string(most) + " workers at most and " + std::to_string(pool.spares) +
                                   " spares are more than " + std::to_string(kMaxSeats) + " processes");
  }
  if (pool.min_workers > pool.workers) {
    reader.complain("workers", "at least " + std::to_string(pool.min_workers) + " are more than at most (" +
                                   std::to_string(pool.workers) + ")");
  }
  if (pool.most_workers != 0 && pool.most_workers < pool.workers) {
    reader.complain("workers", std::to_string(pool.workers) + " are more than there may be at most (" +
                                   std::to_string(pool.most_workers) + ")");
  }
}

std::vector<gid_t> sorted(std::vector<gid_t> groups) {
  std::ranges::sort(groups);
  return groups;
}

void give_rights(PoolConfig& pool, const Creator& creator, const OwnRights& own) {
  pool.nice = std::max({pool.nice, creator.nice, own.nice});
  std::vector<Rlimit> limits;
  for (const auto& [resource, creators] : creator.limits) {
    const auto wanted = std::ranges::find(pool.rlimits, resource, &Rlimit::resource);
    const auto configured = wanted == pool.rlimits.end() ? std::nullopt : std::optional(wanted->value);
    const auto given = core::limit_for_created(creators, find(own.hard_limits, resource), configured);
    limits.push_back({resource, given.hard, given.soft});
  }
  pool.rlimits = std::move(limits);
  pool.owner = creator.uid;
  const bool same_groups = creator.gid == own.gid && sorted(creator.groups) == sorted(own.groups);
  // As the daemon itself. Only root can give a worker other groups than its own.
  if (creator.uid == own.uid && (own.uid != 0 || same_groups)) return;
  pool.uid = creator.uid;
  pool.gid = creator.gid;
  pool.groups = creator.groups;
}

}  // namespace

PoolOutcome parse_pool(const PoolText& text, const World& world, const OwnRights& own, unsigned usable_cpus,
                       bool trusted) {
  PoolOutcome outcome;
  if (text.text.size() > kMaxPoolText) {
    outcome.problems.push_back({0, 0, "a pool's configuration of more than 64 KiB; give it less environment", false});
    return outcome;
  }
  Node root = parse_toml(text.text, outcome.problems);
  if (!outcome.problems.empty()) return outcome;
  const std::string path = "pool." + text.name;
  forbid_identity(path, root, outcome.problems);
  const std::size_t before = outcome.problems.size();
  if (!trusted) check_folder(text, path, root, outcome.problems);
  const bool looks = text.creator.uid == own.uid && outcome.problems.size() == before;
  World seen = looks ? world : without_lookups(world);
  seen.trusted = seen.trusted || trusted;
  seen.cwd = text.folder;
  if (trusted) set_stock_list(seen, text.stock);
  PoolConfig pool = read_pool(text.name, root, seen, outcome.problems);
  if (text.workers != 0) {
    pool.workers = text.workers;
    pool.min_workers = 0;  // as workers
  }
  if (text.min_workers != 0) pool.min_workers = text.min_workers;
  pool.most_workers = text.most_workers;
  pool.workers = resolve_workers(pool, usable_cpus);
  std::vector<Problem> again;  // the keys were read once; these find their lines
  TableReader reader{root, path, again};
  check_rights(pool, text.creator, reader);
  check_size(pool, reader);
  if (!trusted && !looks) check_found(pool, reader);
  std::erase_if(outcome.problems, [](const Problem& problem) { return problem.warning; });
  outcome.problems.insert(outcome.problems.end(), again.begin(), again.end());
  if (!outcome.problems.empty()) return outcome;
  give_rights(pool, text.creator, own);
  pool.name = core::created_pool_name(text.creator.uid, text.name);
  outcome.config = std::move(pool);
  return outcome;
}

std::vector<std::byte> encode_pool_text(const PoolText& text) {
  wire::ByteWriter out;
  for (const std::string* one : {&text.name, &text.text, &text.folder, &text.stock}) {
    out.put(static_cast<std::uint32_t>(one->size()));
    out.put_text(*one);
  }
  out.put(std::uint32_t{text.workers});
  out.put(std::uint32_t{text.min_workers});
  out.put(std::uint32_t{text.most_workers});
  out.put(std::uint32_t{text.creator.uid});
  out.put(std::uint32_t{text.creator.gid});
  out.put(std::int32_t{text.creator.nice});
  out.put(static_cast<std::uint32_t>(text.creator.groups.size()));
  for (const gid_t group : text.creator.groups) out.put(std::uint32_t{group});
  out.put(static_cast<std::uint32_t>(text.creator.limits.size()));
  for (const auto& [resource, limit] : text.creator.limits) {
    out.put(std::int32_t{resource});
    out.put(limit.soft);
    out.put(limit.hard);
  }
  return out.take();
}

Result<PoolText> decode_pool_text(std::span<const std::byte> bytes) {
  wire::ByteReader in(bytes);
  PoolText text;
  for (std::string* one : {&text.name, &text.text, &text.folder, &text.stock}) {
    *one = in.get_text(in.get<std::uint32_t>());
  }
  text.workers = in.get<std::uint32_t>();
  text.min_workers = in.get<std::uint32_t>();
  text.most_workers = in.get<std::uint32_t>();
  text.creator.uid = in.get<std::uint32_t>();
  text.creator.gid = in.get<std::uint32_t>();
  text.creator.nice = in.get<std::int32_t>();
  const auto groups = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < groups && groups <= kMaxGroups && in.ok(); ++i) {
    text.creator.groups.push_back(in.get<std::uint32_t>());
  }
  const auto limits = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < limits && limits <= kMaxLimits && in.ok(); ++i) {
    const auto resource = in.get<std::int32_t>();
    const auto soft = in.get<std::uint64_t>();
    text.creator.limits.emplace_back(resource, core::ProcessLimit{soft, in.get<std::uint64_t>()});
  }
  if (!in.ok() || groups > kMaxGroups || limits > kMaxLimits) return Error{"a pool's configuration that is cut off"};
  return text;
}

Result<UniqueFd> write_pool_text(const PoolText& text) {
  const std::vector<std::byte> bytes = encode_pool_text(text);
  auto fd = shm::create_segment("ringmaster-pool", bytes.size());
  if (!fd) return fd.error();
  // Else a machine without memory says so by SIGBUS.
  if (const auto reserved = shm::reserve_pages(fd->get(), 0, bytes.size()); !reserved) return reserved.error();
  auto segment = shm::Mapping::map(fd->get(), shm::Access::ReadWrite);
  if (!segment) return segment.error();
  std::memcpy(segment->bytes().data(), bytes.data(), bytes.size());
  return fd;
}

Result<PoolText> read_pool_text(int fd) {
  const auto segment = shm::Mapping::map(fd, shm::Access::ReadOnly);
  if (!segment) return segment.error();
  return decode_pool_text(segment->bytes());
}

}  // namespace ringmaster::config
