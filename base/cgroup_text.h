#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads what the kernel writes about cgroups. Pure: the caller reads the files and passes their text.
namespace ringmaster {

/// Where a hierarchy of cgroups is mounted, and which of its groups that mount shows as its top.
struct CgroupMount {
  std::string point;
  std::string top;
  bool v2 = false;

  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

/// From the text of /proc/self/mountinfo, in its order: each cgroup v2 mount and each v1 mount of `controller`.
[[nodiscard]] std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo, std::string_view controller);

/// A process's group from the text of /proc/PID/cgroup: the v2 one ("0::/path"), or the v1 one of `controller`.
[[nodiscard]] std::optional<std::string> cgroup_of(std::string_view text, bool v2, std::string_view controller);

/// The folder of `group` below that mount, without a slash at its end; nullopt: the mount does not show the group. In a
/// container the mount's top may be the group itself, while /proc/PID/cgroup gives the path that the host knows.
[[nodiscard]] std::optional<std::string> cgroup_folder(const CgroupMount& mount, std::string_view group);

/// The group's folder and those of its ancestors, nearest first; the last one is the mount point. If the mount does not
/// show the group, only the mount point.
[[nodiscard]] std::vector<std::string> cgroup_folders(const CgroupMount& mount, std::string_view group);

/// The number behind `key` in a table such as memory.stat or memory.events; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> cgroup_figure(std::string_view table, std::string_view key);

/// Whether `word` is one of the words of a list such as cgroup.controllers.
[[nodiscard]] bool has_word(std::string_view list, std::string_view word);

}  // namespace ringmaster
