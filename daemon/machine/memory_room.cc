#include "daemon/machine/memory_room.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include "daemon/core/machine/cgroup_facts.h"

namespace ringmaster {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  if (file) out << file.rdbuf();
  return out.str();
}

void add_cgroup(std::vector<CgroupMemory>& found, const std::string& folder, bool v2) {
  const auto limit = number(contents(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes")));
  const auto used = number(contents(folder + (v2 ? "/memory.current" : "/memory.usage_in_bytes")));
  if (limit && used) found.push_back({core::Bytes{*limit}, core::Bytes{*used}});
}

// This process's group and its ancestors: the limit of each holds.
std::vector<CgroupMemory> own_cgroups(const std::string& root) {
  std::vector<CgroupMemory> found;
  const std::string groups = contents(root + "/proc/self/cgroup");
  for (const auto& mount : core::cgroup_mounts(contents(root + "/proc/self/mountinfo"), "memory")) {
    const auto group = core::cgroup_of(groups, mount.v2, "memory");
    if (!group) continue;
    for (const std::string& folder : core::cgroup_folders(mount, *group)) add_cgroup(found, root + folder, mount.v2);
  }
  return found;
}

}  // namespace

std::optional<core::Bytes> meminfo_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(key) || line.substr(key.size()).substr(0, 1) != ":") continue;
    const auto value = number(line.substr(key.size() + 1));
    if (value) return core::kib(*value);
  }
  return std::nullopt;
}

core::Bytes room_of(core::Bytes available, const CgroupMemory& cgroup) {
  if (!cgroup.limit) return available;
  const core::Bytes left = *cgroup.limit > cgroup.used ? *cgroup.limit - cgroup.used : core::Bytes{};
  return std::min(available, left);
}

core::Bytes memory_room(const std::string& root) {
  auto room = meminfo_value(contents(root + "/proc/meminfo"), "MemAvailable")
                  .value_or(core::Bytes{std::numeric_limits<std::uint64_t>::max()});
  for (const CgroupMemory& cgroup : own_cgroups(root)) room = room_of(room, cgroup);
  return room;
}

}  // namespace ringmaster
