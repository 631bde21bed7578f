#include "base/memory_left.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "base/cgroup_text.h"

namespace ringmaster {
namespace {

std::optional<std::uint64_t> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> left_in_folder(const ReadText& read, const std::string& folder, bool v2) {
  const std::string limit = read(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
  if (limit.empty()) return std::nullopt;
  return left_in_cgroup(limit, read(folder + (v2 ? "/memory.current" : "/memory.usage_in_bytes")),
                        read(folder + "/memory.stat"));
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

}  // namespace

std::optional<std::uint64_t> available_of(std::string_view meminfo) {
  constexpr std::string_view kKey = "MemAvailable:";
  while (!meminfo.empty()) {
    const std::string_view line = meminfo.substr(0, meminfo.find('\n'));
    meminfo.remove_prefix(std::min(line.size() + 1, meminfo.size()));
    if (!line.starts_with(kKey)) continue;
    const auto kib = leading_number(line.substr(kKey.size()));
    if (kib) return *kib << 10;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> left_in_cgroup(std::string_view limit, std::string_view usage, std::string_view stat) {
  constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;  // v1 writes "no limit" as about 2^63
  const auto most = leading_number(limit);
  const auto used = leading_number(usage);
  if (!most || !used || *most >= kNoLimit) return std::nullopt;
  // In v1 only the figures that start with "total_" include the groups below this one.
  auto droppable = cgroup_figure(stat, "total_inactive_file");
  if (!droppable) droppable = cgroup_figure(stat, "inactive_file");
  const std::uint64_t held = *used - std::min(*used, droppable.value_or(0));
  return *most - std::min(*most, held);
}

MemoryLook::MemoryLook(ReadText read) : read_(std::move(read)) {
  const std::string own = read_("/proc/self/cgroup");
  for (const CgroupMount& mount : cgroup_mounts(read_("/proc/self/mountinfo"), "memory")) {
    const auto group = cgroup_of(own, mount.v2, "memory");
    if (!group) continue;
    for (std::string& folder : cgroup_folders(mount, *group)) groups_.push_back({std::move(folder), mount.v2});
  }
}

MemoryLook::MemoryLook() : MemoryLook(text_of) {}

std::uint64_t MemoryLook::left() const {
  std::uint64_t least = available_of(read_("/proc/meminfo")).value_or(std::numeric_limits<std::uint64_t>::max());
  for (const Group& group : groups_) {
    if (const auto left = left_in_folder(read_, group.folder, group.v2)) least = std::min(least, *left);
  }
  return least;
}

}  // namespace ringmaster
