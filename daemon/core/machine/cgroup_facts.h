#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the kernel's texts about cgroups say. Pure: the texts are the caller's.
namespace ringmaster::core {

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

/// The folder of `group` below that mount, without a slash at its end. Inside a container the mount may show the group
/// itself as its top while the path is the host's. nullopt: the mount does not show it.
[[nodiscard]] std::optional<std::string> cgroup_folder(const CgroupMount& mount, std::string_view group);

/// The group's folder and those of its ancestors, nearest first; the last is the mount point, which is the only one
/// where the mount does not show the group.
[[nodiscard]] std::vector<std::string> cgroup_folders(const CgroupMount& mount, std::string_view group);

/// The group that keeper and supervisor move into; what was theirs before is its parent.
inline constexpr std::string_view kDaemonLeaf = "daemon";
/// The folder that is delegated to a daemon whose own group's folder is `own`.
[[nodiscard]] std::string delegated_folder(std::string_view own);

/// The number behind `key` in a table such as memory.stat or memory.events; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> cgroup_figure(std::string_view table, std::string_view key);
/// oom_kill in the text of memory.events; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> oom_kills_of(std::string_view memory_events);

/// Whether `word` is one of the words of a list such as cgroup.controllers.
[[nodiscard]] bool has_word(std::string_view list, std::string_view word);

/// "w12.3": the group of one incarnation of a worker, and back; nullopt for any other name.
[[nodiscard]] std::string worker_leaf(std::uint32_t worker, std::uint32_t incarnation);
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_worker_leaf(std::string_view name);

/// Who killed a worker, where no cgroup of its own tells: the machine's count of out-of-memory kills, looked at each
/// second. Only a rise of late says anything; one of days ago would make every later `kill -9` look like one.
class OomBaseline {
 public:
  /// Whether a look is due; then note() what the count is.
  [[nodiscard]] bool due(std::uint64_t now_ns) const { return noted_at_ns_ == 0 || now_ns - noted_at_ns_ >= kEvery; }
  void note(std::uint64_t now_ns, std::uint64_t count) {
    // The one before is kept as well: a kill just before this look is reported just after it.
    before_ = noted_at_ns_ == 0 ? count : last_;
    last_ = count;
    noted_at_ns_ = now_ns;
  }
  /// `count` now, `at_start` when the worker was started.
  [[nodiscard]] bool rose(std::uint64_t count, std::uint64_t at_start) const {
    return count > at_start && count > before_;
  }

 private:
  static constexpr std::uint64_t kEvery = 1'000'000'000;
  std::uint64_t noted_at_ns_ = 0;
  std::uint64_t before_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace ringmaster::core
