#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What this daemon's own cgroups are called, and what they tell. Pure: the texts are the caller's.
namespace ringmaster::core {

/// The group that keeper and supervisor move into; what was theirs before is its parent.
inline constexpr std::string_view kDaemonLeaf = "daemon";
/// The folder that is delegated to a daemon whose own group's folder is `own`.
[[nodiscard]] std::string delegated_folder(std::string_view own);

/// oom_kill in the text of memory.events; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> oom_kills_of(std::string_view memory_events);

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
