#include "client/session/memory_look.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace ringmaster {
namespace {

std::optional<std::uint64_t> leading_number(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// The number after `key` at the start of a line.
std::optional<std::uint64_t> field(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(key)) return leading_number(line.substr(key.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

// The rooms of the cgroup at `folder` and of its parents up to `root`.
std::uint64_t tree_room(const std::string& root, std::string path, const char* limit, const char* usage) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (;;) {
    const std::string folder = root + (path == "/" ? "" : path) + "/";
    const std::string limit_text = read_file(folder + limit);
    if (!limit_text.empty()) {
      const auto room = cgroup_room(limit_text, read_file(folder + usage), read_file(folder + "memory.stat"));
      if (room) least = std::min(least, *room);
    }
    if (path.size() <= 1) return least;
    path.resize(path.rfind('/'));
    if (path.empty()) path = "/";
  }
}

}  // namespace

std::optional<std::uint64_t> parse_available(std::string_view meminfo) noexcept {
  const auto kib = field(meminfo, "MemAvailable:");
  if (!kib) return std::nullopt;
  return *kib * 1024;
}

std::optional<std::uint64_t> cgroup_room(std::string_view limit, std::string_view usage,
                                         std::string_view stat) noexcept {
  constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;  // v1 writes "no limit" as about 2^63
  const auto most = leading_number(limit);
  const auto used = leading_number(usage);
  if (!most || !used || *most >= kNoLimit) return std::nullopt;
  auto droppable = field(stat, "total_inactive_file ");
  if (!droppable) droppable = field(stat, "inactive_file ");
  const std::uint64_t held = *used - std::min(*used, droppable.value_or(0));
  return *most - std::min(*most, held);
}

std::uint64_t available_memory() {
  std::uint64_t least = parse_available(read_file("/proc/meminfo")).value_or(std::numeric_limits<std::uint64_t>::max());
  std::istringstream groups(read_file("/proc/self/cgroup"));
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers == ",,") {
      least = std::min(least, tree_room("/sys/fs/cgroup", path, "memory.max", "memory.current"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      least =
          std::min(least, tree_room("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
  }
  return least;
}

}  // namespace ringmaster
