#include "base/cgroup_text.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ringmaster {
namespace {

// Removes the text up to and including the first `end`, and returns it without `end`; all of it if there is no `end`.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return part;
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] != '\\' || !digit(i + 1) || !digit(i + 2) || !digit(i + 3)) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

bool in_list(std::string_view list, std::string_view word, std::string_view separator) {
  while (!list.empty()) {
    if (take_until(list, separator) == word) return true;
  }
  return false;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

// One line reads "36 35 98:0 /top /point options optional… - type source super-options".
std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo, std::string_view controller) {
  std::vector<CgroupMount> mounts;
  while (!mountinfo.empty()) {
    std::string_view right = take_until(mountinfo, "\n");
    std::string_view left = take_until(right, " - ");
    for (int skipped = 0; skipped < 3; ++skipped) take_until(left, " ");
    CgroupMount mount;
    mount.top = unescaped(take_until(left, " "));
    mount.point = unescaped(take_until(left, " "));
    const std::string_view type = take_until(right, " ");
    take_until(right, " ");
    mount.v2 = type == "cgroup2";
    if (mount.point.empty()) continue;
    if (mount.v2 || (type == "cgroup" && in_list(right, controller, ","))) mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::optional<std::string> cgroup_of(std::string_view text, bool v2, std::string_view controller) {
  while (!text.empty()) {
    std::string_view line = take_until(text, "\n");
    const std::string_view number = take_until(line, ":");
    const std::string_view controllers = take_until(line, ":");
    if (v2 ? number == "0" && controllers.empty() : in_list(controllers, controller, ",")) return std::string{line};
  }
  return std::nullopt;
}

std::optional<std::string> cgroup_folder(const CgroupMount& mount, std::string_view group) {
  // "/..": the group lies outside of this process's cgroup namespace.
  if (group.empty() || group.front() != '/' || group.substr(0, 3) == "/..") return std::nullopt;
  if (mount.top != "/" && group.starts_with(mount.top)) {
    const std::string_view below = group.substr(mount.top.size());
    if (below.empty() || below.front() == '/') group = below;
  }
  if (group == "/") group = {};
  return mount.point + std::string{group};
}

std::vector<std::string> cgroup_folders(const CgroupMount& mount, std::string_view group) {
  std::vector<std::string> folders;
  std::string folder = cgroup_folder(mount, group).value_or(mount.point);
  for (; folder.size() > mount.point.size(); folder.erase(folder.rfind('/'))) folders.push_back(folder);
  folders.push_back(mount.point);
  return folders;
}

std::optional<std::uint64_t> cgroup_figure(std::string_view table, std::string_view key) {
  while (!table.empty()) {
    std::string_view line = take_until(table, "\n");
    if (take_until(line, " ") == key) return whole_number(line);
  }
  return std::nullopt;
}

bool has_word(std::string_view list, std::string_view word) {
  return in_list(list.substr(0, list.find('\n')), word, " ");
}

}  // namespace ringmaster
