#include "daemon/supervisor/memory_room.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

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

// The group's files under one of these folders: its own path, or the root of what a container sees of the hierarchy.
void add_cgroup(std::vector<CgroupMemory>& found, const std::string& folder, const char* limit, const char* used) {
  const auto limit_value = number(contents(folder + "/" + limit));
  const auto used_value = number(contents(folder + "/" + used));
  if (limit_value && used_value) found.push_back({core::Bytes{*limit_value}, core::Bytes{*used_value}});
}

std::vector<CgroupMemory> own_cgroups() {
  std::vector<CgroupMemory> found;
  std::istringstream lines(contents("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    const std::string own = path == "/" ? "" : path;
    if (line.starts_with("0::")) {
      add_cgroup(found, "/sys/fs/cgroup" + own, "memory.max", "memory.current");
    } else if (line.find(":memory:") != std::string::npos) {
      add_cgroup(found, "/sys/fs/cgroup/memory" + own, "memory.limit_in_bytes", "memory.usage_in_bytes");
      add_cgroup(found, "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes");
    }
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

core::Bytes memory_room() {
  auto room = meminfo_value(contents("/proc/meminfo"), "MemAvailable")
                  .value_or(core::Bytes{std::numeric_limits<std::uint64_t>::max()});
  for (const CgroupMemory& cgroup : own_cgroups()) room = room_of(room, cgroup);
  return room;
}

bool fits(core::Bytes asked, core::Bytes room) { return asked <= room - core::Bytes{room.value / 16}; }

}  // namespace ringmaster
