#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Names of the daemon's own cgroups, and how to read their files. Pure: the caller passes the texts.
namespace ringmaster::core {

/// The group that keeper and supervisor move into, below the group that they were started in.
inline constexpr std::string_view kDaemonLeaf = "daemon";
/// The delegated folder of a daemon whose process is in the group `own`: that folder, or its parent if it is
/// kDaemonLeaf.
[[nodiscard]] std::string delegated_folder(std::string_view own);

/// oom_kill in the text of memory.events; nullopt: it is not there.
[[nodiscard]] std::optional<std::uint64_t> oom_kills_of(std::string_view memory_events);

/// "w12.3": the name of the group of a worker incarnation, and the reverse; nullopt for any other name.
[[nodiscard]] std::string worker_leaf(std::uint32_t worker, std::uint32_t incarnation);
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_worker_leaf(std::string_view name);

/// Tells whether the out-of-memory killer may have killed a worker that has no cgroup of its own: by the machine's
/// count of such kills, read every second. Only a recent rise counts, or every later `kill -9` would look like one.
class OomBaseline {
 public:
  /// True if it is time to read the count and call note().
  [[nodiscard]] bool due(std::uint64_t now_ns) const { return noted_at_ns_ == 0 || now_ns - noted_at_ns_ >= kEvery; }
  void note(std::uint64_t now_ns, std::uint64_t count) {
    // Keeps the previous count too: a kill just before this look is reported just after it.
    before_ = noted_at_ns_ == 0 ? count : last_;
    last_ = count;
    noted_at_ns_ = now_ns;
  }
  /// `count`: now; `at_start`: when the worker was started.
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
